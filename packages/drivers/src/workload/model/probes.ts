import type { ModelWorkload, Probe } from '@serin/spec'

/** The two health checks of a replica. */
export interface ModelProbes {
  readonly ready: Probe
  readonly live: Probe
}

/** The checks as the file describes them, at the protocol's own paths where it names none. */
export function probesOf({ ready, live }: ModelWorkload, model: string): ModelProbes {
  return {
    ready: at(ready, `/v2/models/${encodeURIComponent(model)}/ready`),
    live: at(live, '/v2/health/live'),
  }
}

/** `/` is what the schema fills in, and no path of the protocol. */
function at(probe: Probe, path: string): Probe {
  return probe.path === '/' ? { ...probe, path } : probe
}
