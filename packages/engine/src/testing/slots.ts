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
    arms: Object.fromEntries(Object.entries(counts).map(([version, own]) => [version, arm(own)])),
  }
}
