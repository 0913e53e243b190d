import type { RoutingTable } from '@serin/core'
import type { ControlClient } from '../proxy/control-client.ts'
import type { InForce } from '../proxy/driven.ts'

/** Asks an nginx which table is in force, and measures what it does. `table`: the one Serin gave it. */
export async function inForceOf(
  control: ControlClient,
  table: RoutingTable | null,
  {
    signal,
    mark,
    isFileOurs,
  }: { readonly signal: AbortSignal; readonly mark: string; readonly isFileOurs: () => Promise<boolean> },
): Promise<InForce> {
  const { revision, arms, epoch = 0 } = await control.table(signal, mark)
  if (revision === null || table === null)
    return { revision, epoch, weights: {}, asWritten: revision === (table?.revision ?? null) }
  const told = arms.map(([version, weightBp]) => ({ version, weightBp, endpoints: [] }))
  const weights = await control.weights({ salt: table.salt, arms: told }, signal)
  const same = arms.every(([version, weightBp]) => weights[version] === weightBp)
  return { revision, epoch, weights, asWritten: same && (await isFileOurs()) }
}
