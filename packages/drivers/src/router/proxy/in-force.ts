import type { RoutingTable } from '@serin/core'
import type { ControlClient, TableInForce } from './control-client.ts'
import type { InForce } from './driven.ts'

/** What a proxy was found doing, beside what Serin gave it. */
export interface Measured<State> {
  readonly state: State
  readonly table: RoutingTable
  /** As the proxy says them. */
  readonly arms: TableInForce['arms']
  readonly weights: InForce['weights']
}

/**
 * Asks a proxy which table is in force, and measures what it does. `stateOf`: what Serin gave it, as of when the proxy has answered; whether that is
 * what there is `isAsWritten` says.
 */
export async function inForceOf<State extends { readonly table: RoutingTable | null }>(
  control: ControlClient,
  stateOf: () => State,
  {
    signal,
    mark,
    isAsWritten,
  }: {
    readonly signal: AbortSignal
    readonly mark: string
    readonly isAsWritten: (measured: Measured<State>) => Promise<boolean>
  },
): Promise<InForce> {
  const { revision, arms, epoch } = await control.table(signal, mark)
  const state = stateOf()
  const { table } = state
  const said = epoch === undefined ? { revision } : { revision, epoch }
  if (revision === null || table === null)
    return { ...said, weights: {}, asWritten: revision === (table?.revision ?? null) }
  const told = arms.map(([version, weightBp]) => ({ version, weightBp, endpoints: [] }))
  const weights = await control.weights({ salt: table.salt, arms: told }, signal)
  return { ...said, weights, asWritten: await isAsWritten({ state, table, arms, weights }) }
}

/** Whether the measured shares are those of the table. */
export function hasItsShares({ table: { arms }, weights }: Pick<Measured<unknown>, 'table' | 'weights'>): boolean {
  return arms.every(({ version, weightBp }) => weights[version] === weightBp)
}
