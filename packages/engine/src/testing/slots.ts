import type { ArmSlot, EvidenceSlot, RoutingTable } from '@serin/core'

/** How many requests a version gets in a slot, and how many of them fail. */
export interface Counts {
  readonly requests: number
  readonly errors: number
}

/** An arm without units: each request is one of its own. */
function arm({ requests, errors }: Counts): ArmSlot {
  const good = requests - errors
  return {
    requests,
    errors,
    statusClasses: [0, 0, good, 0, 0, errors],
    randomised: requests,
    randomisedErrors: errors,
    newUnits: requests,
    servedUnits: requests,
    firstRequests: requests,
    firstErrors: errors,
    events: { error: [errors, 0, 0] },
    recentEvents: {},
    buckets: [],
    latency: good > 0 ? [[400, good]] : [],
    latencySumMs: good * 20,
    latencyScored: good,
    inFlight: 0,
  }
}

/** Half of the requests, and all that fail, come from one device. */
function slicesOf({ measurement }: RoutingTable, { requests, errors }: Counts): Pick<ArmSlot, 'slices'> {
  if (measurement.slices === undefined) return {}
  const half = Math.max(errors, Math.floor(requests / 2))
  const counts = { android: [half, errors, errors] as const, other: [requests - half, 0, 0] as const }
  return { slices: Object.fromEntries(Object.keys(measurement.slices).map((slice) => [slice, counts])) }
}

/** What a gateway with a table would say of a second in which the versions were asked so often. */
export function slotOf(
  table: RoutingTable,
  counts: Readonly<Record<string, Counts>>,
  place: { readonly boot: string; readonly seq: number; readonly at: number },
): EvidenceSlot {
  return {
    ...place,
    durationMs: 1_000,
    revision: table.revision,
    rollout: table.measurement.rollout,
    epoch: 0,
    weights: Object.fromEntries(table.arms.map(({ version, weightBp }) => [version, weightBp])),
    sticky: false,
    arms: Object.fromEntries(
      Object.entries(counts).map(([version, own]) => [version, { ...arm(own), ...slicesOf(table, own) }]),
    ),
  }
}
