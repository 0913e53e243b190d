import { computed, signal } from '@preact/signals'
import { createClient, type Client, type JournalLine } from '@serin/sdk'
import { withPoint, type OperationName, type RolloutPoint, type ServiceStatus } from '@serin/spec'
import { freshnessOf, type Link } from './freshness.ts'
import { keep, kept } from './preferences.ts'

const journalKept = 400
const beatsKept = 130

type Me = Awaited<ReturnType<Client['whoami']>>
/** One second of a service’s traffic, by version. */
export interface Beat {
  readonly at: number
  readonly stable: number
  readonly canary: number
}

/** The page’s half of the session; null: nobody is logged in. */
export const session = signal<string | null>(kept('session'))
/** Whoever is logged in; null until it is known. */
export const me = signal<Me | null>(null)
/** Every service by name. */
export const services = signal<ReadonlyMap<string, ServiceStatus>>(new Map())
/** The youngest lines of the journal, oldest first. */
export const journal = signal<readonly JournalLine[]>([])
/** What was seen of each rollout that is looked at, by its id. */
export const trails = signal<ReadonlyMap<string, readonly RolloutPoint[]>>(new Map())
/** The traffic of each service of late. */
export const beats = signal<ReadonlyMap<string, readonly Beat[]>>(new Map())
/** How the event stream fares. */
export const link = signal<Link>({ state: 'connecting', heardAt: null })
/** The time, once a second. */
export const now = signal(Date.now())
/** What may be said of what is shown. */
export const freshness = computed(() => freshnessOf(link.value, now.value))
/** A failure to be told, in the control plane’s own words. */
export const problem = signal<string | null>(null)
/** The way to the control plane that served this page. */
export const client = computed(() => createClient({ url: location.origin, session: session.value ?? '' }))

/** Whether whoever is logged in may do something, by the control plane’s own list. */
export function may(operation: OperationName): boolean {
  return me.value?.may.includes(operation) ?? false
}

/** Remembers the session, or forgets it. */
export function setSession(half: string | null): void {
  keep('session', half)
  session.value = half
  if (half === null) me.value = null
}

/** Takes new figures of services in, in the order in which they came. */
export function take(statuses: readonly ServiceStatus[]): void {
  const at = Date.now()
  const [known, seen] = [new Map(services.value), new Map(beats.value)]
  for (const status of statuses) {
    known.set(status.name, status)
    seen.set(status.name, [...(seen.get(status.name) ?? []), beatOf(status, at)].slice(-beatsKept))
    lengthen(status, at)
  }
  services.value = known
  beats.value = seen
}

/** Takes what was seen of a service’s traffic before this page was opened: what it has seen itself counts. */
export function takeTraffic(
  { name, stable, rollout }: ServiceStatus,
  points: readonly { readonly at: number; readonly requestsPerSecond: Readonly<Record<string, number>> }[],
): void {
  const own = beats.value.get(name) ?? []
  const first = own[0]?.at ?? Infinity
  const canary = canaryOf({ rollout, stable }) ?? ''
  const earlier = points
    .filter(({ at }) => at < first)
    .map(({ at, requestsPerSecond: rate }) => ({ at, stable: rate[stable] ?? 0, canary: rate[canary] ?? 0 }))
  beats.value = new Map(beats.value).set(name, [...earlier, ...own].slice(-beatsKept))
}

function beatOf(status: ServiceStatus, at: number): Beat {
  const rate = (name: string | undefined) =>
    status.versions.find((each) => each.name === name)?.live.requestsPerSecond ?? 0
  return { at, stable: rate(status.stable), canary: rate(canaryOf(status)) }
}

/** Adds to the trail of a rollout that is looked at; of all others the control plane keeps it. */
function lengthen({ rollout, versions }: ServiceStatus, at: number): void {
  const known = rollout === null ? undefined : trails.value.get(rollout.id)
  if (rollout === null || known === undefined) return
  // A rollout that is over says no more.
  if (rollout.endedAt !== null && (known.length === 0 || known.at(-1)?.phase === rollout.phase)) return
  const { phase, step, askedBp, inForceBp, sentence, reason, judgement } = rollout
  const splitPercent = versions.find(({ name }) => name === rollout.canary)?.splitPercent ?? null
  const point = { at, phase, step, askedBp, inForceBp, sentence, reason, judgement, splitPercent }
  trails.value = new Map(trails.value).set(rollout.id, withPoint(known, point))
}

/** Follows a rollout that is looked at, until the returned function is called. */
export function followTrail(id: string): () => void {
  trails.value = new Map(trails.value).set(id, trails.value.get(id) ?? [])
  return () => {
    trails.value = new Map([...trails.value].filter(([each]) => each !== id))
  }
}

/** Takes lines of the journal in; what is known already counts once. */
export function takeLines(lines: readonly JournalLine[]): void {
  const all = new Map([...journal.value, ...lines].map((line) => [line.seq, line]))
  journal.value = [...all.values()].sort((a, b) => a.seq - b.seq).slice(-journalKept)
}

/** The version that would take the place of stable, while there is one. */
export function canaryOf({ rollout, stable }: Pick<ServiceStatus, 'rollout' | 'stable'>): string | undefined {
  return rollout === null || rollout.canary === stable ? undefined : rollout.canary
}
