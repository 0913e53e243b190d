import type { RoutingTable } from '@serin/core'
import type { ControlClient } from '../proxy/control-client.ts'
import type { InForce } from '../proxy/driven.ts'
import { inForceOf } from '../proxy/in-force.ts'

/** What an nginx has in force: it is as written when it gives the shares that it says, from the file that Serin wrote. */
export async function nginxInForce(
  control: ControlClient,
  table: RoutingTable | null,
  asked: { readonly signal: AbortSignal; readonly mark: string; readonly isFileOurs: () => Promise<boolean> },
): Promise<InForce> {
  const inForce = await inForceOf(control, () => ({ table }), {
    ...asked,
    isAsWritten: async ({ arms, weights }) =>
      arms.every(([version, weightBp]) => weights[version] === weightBp) && (await asked.isFileOurs()),
  })
  // One that an older Serin wrote does not say its epoch.
  return { epoch: 0, ...inForce }
}
