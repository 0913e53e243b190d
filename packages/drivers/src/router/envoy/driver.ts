import { join } from 'node:path'
import { driven } from '../proxy/driven.ts'
import type { ProxyContext, ProxyRouter } from '../proxy/driven.ts'
import { Envoy, placeFile } from './envoy.ts'
import { openEnvoyEvidence } from './evidence.ts'
import { fileNames } from './listeners.ts'

/**
 * Adopts the Envoy that runs for this state directory, or starts it. Tables are files that it watches, so that it goes on with the last one whatever
 * becomes of the control plane. It outlives this process, and every verb starts again what has died. Rejects with `gateway.port-in-use` or
 * `gateway.failed`.
 */
export async function openEnvoy(context: ProxyContext): Promise<ProxyRouter> {
  const envoy = await Envoy.find(context)
  const { stateDirectory } = context
  const evidence = await openEnvoyEvidence({
    file: join(stateDirectory, fileNames.evidence),
    placeFile: join(stateDirectory, placeFile),
    reopen: async () => await envoy.reopenLog(),
  })
  return await driven(context, envoy, evidence)
}
