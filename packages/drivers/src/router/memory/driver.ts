import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { endpointsOf, isNewer } from '@serin/core/routing'
import { compileRouter, viewOf } from '@serin/core/assignment'
import type { Decision, RequestParts, Router } from '@serin/core/assignment'
import type { EvidenceCursor, EvidenceSource, RoutingObservation, TrafficRouter } from '@serin/kit'

/** A router without a network, for the simulator and for tests: the same decisions, a world that the caller moves. */
export interface MemoryRouter extends TrafficRouter, EvidenceSource {
  /** The table in force, or null before the first and after release. */
  readonly table: RoutingTable | null
  /** Decides a request as any router would; null without a table. The request counts as in flight until `finish`. */
  take(request: Partial<RequestParts>, randomUnit: () => string): Decision | null
  /** A request that was taken is through. */
  finish(version: string): void
  /** Requests in flight by base address; empty until somebody who knows says so. */
  readonly inFlightByEndpoint: Map<string, number>
  /** Hands a slot to everybody who reads, and keeps it as a gateway would. */
  emit(slot: EvidenceSlot): void
  /** Makes every verb reject with the error until it is undefined again, and ends the streams: an unreachable router. */
  failure: Error | undefined
}

const keptSlots = 900

/** Opens a memory router. `now` is ms since the epoch. */
export function openMemoryRouter({ now }: { readonly now: () => number }): MemoryRouter {
  let table: RoutingTable | null = null
  let router: Router | null = null
  let failure: Error | undefined
  const inFlight = new Map<string, number>()
  const inFlightByEndpoint = new Map<string, number>()
  const lastRequestAt = new Map<string, number>()
  const slots: EvidenceSlot[] = []
  let gone = 0
  const wakes = new Set<() => void>()

  const wake = (): void => {
    for (const each of wakes) each()
  }
  const reachable = (signal: AbortSignal): void => {
    signal.throwIfAborted()
    if (failure !== undefined) throw failure
  }

  return {
    capabilities: { granularityBp: 1, rules: true, websocket: false },
    get table() {
      return table
    },
    get failure() {
      return failure
    },
    set failure(error) {
      failure = error
      wake()
    },
    async observe(signal): Promise<RoutingObservation> {
      reachable(signal)
      const arms = table?.arms ?? []
      return {
        revision: table?.revision ?? null,
        weights: Object.fromEntries(arms.map((arm) => [arm.version, arm.weightBp])),
        inFlight: Object.fromEntries([...arms.map((arm) => [arm.version, 0] as const), ...inFlight]),
        endpoints: table === null ? [] : endpointsOf(table),
        inFlightByEndpoint: Object.fromEntries(inFlightByEndpoint),
        lastRequestAt: Object.fromEntries(lastRequestAt),
        address: 'memory:',
      }
    },
    async apply(next, signal) {
      reachable(signal)
      if (table !== null && !isNewer(next, table)) return
      table = next
      router = compileRouter(next)
    },
    inFlightByEndpoint,
    async release(signal) {
      reachable(signal)
      table = null
      router = null
    },
    take(request, randomUnit) {
      if (router === null) return null
      const decision = router.decide(viewOf({ headers: {}, target: '/', address: '127.0.0.1', ...request }), randomUnit)
      add(inFlight, decision.version, 1)
      lastRequestAt.set(decision.version, now())
      return decision
    },
    finish: (version) => add(inFlight, version, -1),
    emit(slot) {
      slots.push(slot)
      if (slots.length > keptSlots) {
        slots.shift()
        gone += 1
      }
      wake()
    },
    slots: (after, signal) =>
      read({ slots, gone: () => gone, wakes, failed: () => failure !== undefined }, after, signal),
  }
}

function add(counts: Map<string, number>, name: string, more: number): void {
  const left = (counts.get(name) ?? 0) + more
  if (left > 0) counts.set(name, left)
  else counts.delete(name)
}

interface Kept {
  readonly slots: readonly EvidenceSlot[]
  /** How many slots were kept once and are gone. */
  readonly gone: () => number
  readonly wakes: Set<() => void>
  readonly failed: () => boolean
}

async function* read(kept: Kept, after: EvidenceCursor | null, signal: AbortSignal): AsyncGenerator<EvidenceSlot> {
  const { slots, gone, wakes, failed } = kept
  let place = gone() + slots.findLastIndex((slot) => slot.boot === after?.boot && slot.seq <= after.seq) + 1
  while (!signal.aborted && !failed()) {
    place = Math.max(place, gone())
    const next = slots[place - gone()]
    if (next !== undefined) {
      place += 1
      yield next
      continue
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        wakes.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      wakes.add(done)
      signal.addEventListener('abort', done)
    })
  }
}
