import { driven } from '../proxy/driven.ts'
import type { ProxyContext, ProxyRouter } from '../proxy/driven.ts'
import { openNginxEvidence } from './evidence.ts'
import { NginxPair } from './nginx-pair.ts'

/**
 * Adopts the nginx that runs for this state directory, or starts it: one that clients talk to, and behind it one that splits and is reloaded with every
 * table. They outlive this process, and every verb starts again what has died. Rejects with `gateway.port-in-use` or `gateway.failed`.
 */
export async function openNginx(context: ProxyContext): Promise<ProxyRouter> {
  const pair = await NginxPair.find(context)
  const { evidence, port } = await openNginxEvidence(pair.evidencePort, pair.evidenceKey)
  pair.sendEvidenceTo(port)
  return await driven(context, pair, evidence)
}
