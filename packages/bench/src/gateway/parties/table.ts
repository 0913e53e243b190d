import type { RoutingTable } from '@serin/core'
import type { Upstreams } from '../load/process.ts'
import { canaryBp, salt, unitCookie, versions } from '../load/requests.ts'

/** Eight rules that match nobody: each of them is asked for each request. */
const rules: RoutingTable['rules'] = Array.from({ length: 8 }, (_, i) =>
  i % 2 === 0
    ? { name: `header-${i}`, header: { [`x-team-${i}`]: { equals: 'web' } }, to: 'canary' }
    : { name: `path-${i}`, path: { prefix: `/internal/${i}/` }, to: 'stable' },
)

/** What a gateway does at its edge when nobody says otherwise. */
const usual: NonNullable<RoutingTable['edge']> = {
  trustProxies: [],
  forwarded: false,
  trace: false,
  answerRequestId: true,
  versionHeader: 'serin-version',
  serverTiming: false,
  pipelining: 1,
}

/** The table of a rollout with everything on: sticky hash, eight rules, an override header, evidence, reflex; the shield is on by itself. */
export function benchTable({ canary, stable }: Upstreams, shareBp = canaryBp, pipelining = 1): RoutingTable {
  const at = (port: number): string[] => [`http://127.0.0.1:${port}`]
  return {
    service: 'shop',
    revision: 1,
    salt,
    unit: [{ cookie: unitCookie }],
    arms: [
      { version: versions.canary, endpoints: at(canary), weightBp: shareBp },
      { version: versions.stable, endpoints: at(stable), weightBp: 10_000 - shareBp },
    ],
    stable: versions.stable,
    canary: versions.canary,
    rules,
    overrideHeader: 'serin-version',
    ...(pipelining === 1 ? {} : { edge: { ...usual, pipelining } }),
    measurement: { rollout: 'bench', latencyCutsMs: [5, 20, 100], latencyFrom: 0, reflex: { alpha: 1e-6 } },
  }
}
