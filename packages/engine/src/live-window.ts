import type { EvidenceSlot } from '@serin/core'
import type { VersionStatus } from '@serin/spec'
import { emptyHistogram, histogramCount, histogramQuantile, mergeHistograms, type LogHistogram } from '@serin/stats'

const liveMs = 10_000
/** How far back stable's latency is looked at to choose the cuts of a rollout. */
const baselineMs = 600_000
const maxSlots = 2_000
const trafficPoints = 121

/** Requests per second of each version that had some, over the ten seconds before. */
export interface TrafficPoint {
  readonly at: number
  readonly requestsPerSecond: Readonly<Record<string, number>>
}

/** The recent slots of a service, in memory: live figures for people, and stable's latency before a rollout. */
export interface LiveWindow {
  add(slot: EvidenceSlot): void
  live(version: string, now: number): VersionStatus['live']
  /** Share of the requests of the last ten seconds in percent, or null without any. */
  splitPercent(version: string, now: number): number | null
  /** Requests per second of each version, as `live` would have said each second of the last two minutes; oldest first. */
  traffic(now: number): readonly TrafficPoint[]
  /** Latency of a version over the last ten minutes. */
  baseline(version: string, now: number): LogHistogram
  /** Randomised requests of a version over the last ten minutes, and how many of them failed. */
  failures(version: string, now: number): { readonly requests: number; readonly errors: number }
  lastSlotAt(): number | null
  /** Share of a version in the last slot, in basis points; 0 before the first. */
  lastShareBp(version: string): number
}

/** Starts empty; what the store holds can be added first. */
export function createLiveWindow(): LiveWindow {
  const slots: EvidenceSlot[] = []
  const recent = (now: number) => slots.filter((slot) => slot.at > now - liveMs)
  return {
    add(slot) {
      slots.push(slot)
      while (slots.length > maxSlots || (slots[0]?.at ?? Infinity) < slot.at - baselineMs) slots.shift()
    },
    live(version, now) {
      let [requests, errors, durationMs] = [0, 0, 0]
      let latency = emptyHistogram()
      for (const slot of recent(now)) {
        const arm = slot.arms[version]
        durationMs += slot.durationMs
        if (arm === undefined) continue
        requests += arm.requests
        errors += arm.errors
        latency = mergeHistograms(latency, { scheme: 'log-1.02', bins: arm.latency })
      }
      const quantile = (q: number) => {
        const reading = histogramQuantile(latency, q)
        return reading.ok ? reading.estimateMs : null
      }
      return {
        requestsPerSecond: durationMs > 0 ? (1_000 * requests) / durationMs : 0,
        successPercent: requests > 0 ? 100 * (1 - errors / requests) : null,
        p50Ms: histogramCount(latency) > 0 ? quantile(0.5) : null,
        p95Ms: histogramCount(latency) > 0 ? quantile(0.95) : null,
        p99Ms: histogramCount(latency) > 0 ? quantile(0.99) : null,
      }
    },
    splitPercent(version, now) {
      let [own, all] = [0, 0]
      for (const slot of recent(now)) {
        for (const [name, arm] of Object.entries(slot.arms)) {
          all += arm.requests
          if (name === version) own += arm.requests
        }
      }
      return all > 0 ? (100 * own) / all : null
    },
    traffic(now) {
      const first = slots[0]?.at ?? Infinity
      return Array.from({ length: trafficPoints }, (_each, i) => now - 1_000 * (trafficPoints - 1 - i))
        .filter((at) => at >= first)
        .map((at) => ({ at, requestsPerSecond: rates(slots.filter((slot) => slot.at > at - liveMs && slot.at <= at)) }))
    },
    baseline(version, now) {
      return slots
        .filter((slot) => slot.at > now - baselineMs)
        .reduce(
          (sum, slot) => mergeHistograms(sum, { scheme: 'log-1.02', bins: slot.arms[version]?.latency ?? [] }),
          emptyHistogram(),
        )
    },
    failures(version, now) {
      const arms = slots.filter((slot) => slot.at > now - baselineMs).map((slot) => slot.arms[version])
      return arms.reduce(
        (sum, arm) => ({
          requests: sum.requests + (arm?.randomised ?? 0),
          errors: sum.errors + (arm?.randomisedErrors ?? 0),
        }),
        { requests: 0, errors: 0 },
      )
    },
    lastSlotAt: () => slots.at(-1)?.at ?? null,
    lastShareBp: (version) => slots.at(-1)?.weights[version] ?? 0,
  }
}

function rates(slots: readonly EvidenceSlot[]): Readonly<Record<string, number>> {
  const durationMs = slots.reduce((sum, slot) => sum + slot.durationMs, 0)
  const requests = new Map<string, number>()
  for (const { arms } of slots)
    for (const [version, arm] of Object.entries(arms))
      requests.set(version, (requests.get(version) ?? 0) + arm.requests)
  return Object.fromEntries([...requests].map(([version, all]) => [version, (1_000 * all) / Math.max(1, durationMs)]))
}
