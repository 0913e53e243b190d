import { driven } from '../proxy/driven.ts'
import type { ProxyContext, ProxyRouter } from '../proxy/driven.ts'
import { openNginxEvidence } from './evidence.ts'
import { NginxPair } from './nginx-pair.ts'
import { OwnNginx } from './own-nginx.ts'

/**
 * Adopts the nginx that runs for this state directory, or starts it: one that clients talk to, and behind it one that splits and is reloaded with every
 * table. They outlive this process, and every verb starts again what has died. Where the service names an nginx that is somebody's own, that one gets an
 * include file instead, and is never started or stopped. Rejects with `gateway.port-in-use` or `gateway.failed`.
 */
export async function openNginx(context: ProxyContext): Promise<ProxyRouter> {
  const { nginx: own } = context.spec
  const proxy = own === undefined ? await NginxPair.find(context) : await OwnNginx.find(context, own)
  const { evidence, port } = await openNginxEvidence(proxy.evidencePort, proxy.evidenceKey)
  proxy.sendEvidenceTo(port)
  return await driven(context, proxy, evidence)
}
