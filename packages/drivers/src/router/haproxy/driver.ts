import { join } from 'node:path'
import { driven } from '../proxy/driven.ts'
import type { ProxyContext, ProxyRouter } from '../proxy/driven.ts'
import { openHaproxyEvidence } from './evidence.ts'
import { Haproxy } from './haproxy.ts'
import { fileNames } from './render.ts'

/**
 * Adopts the HAProxy that runs for this state directory, or starts it. Tables change through its runtime API, without a reload. It outlives this
 * process, and every verb starts again what has died. Rejects with `gateway.port-in-use` or `gateway.failed`.
 */
export async function openHaproxy(context: ProxyContext): Promise<ProxyRouter> {
  const haproxy = await Haproxy.find(context)
  const evidence = await openHaproxyEvidence(join(context.stateDirectory, fileNames.evidence))
  return await driven(context, haproxy, evidence)
}
