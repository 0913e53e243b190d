import type { DriverContext, EvidenceSource, TrafficRouter } from '@serin/kit'
import { openEnvoy } from './envoy/driver.ts'
import { openGateway } from './gateway/driver.ts'
import { openHaproxy } from './haproxy/driver.ts'
import { openNginx } from './nginx/driver.ts'

/** Opens the router that a service names, at the addresses it names. Rejects with `gateway.port-in-use` or `gateway.failed`. */
export async function openRouter(
  context: DriverContext,
  more: { readonly accessLogFile?: string } = {},
): Promise<TrafficRouter & EvidenceSource> {
  const { listen, preview, router, workers } = context.spec
  const addresses = { ...context, listen, preview }
  switch (router) {
    case 'nginx':
      return await openNginx(addresses)
    case 'haproxy':
      return await openHaproxy(addresses)
    case 'envoy':
      return await openEnvoy(addresses)
    case 'gateway':
      return await openGateway({ ...addresses, workers, ...more })
  }
}
