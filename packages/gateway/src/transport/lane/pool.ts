import type { Limits } from '../../limits.ts'
import type { Endpoint } from '../endpoints.ts'
import type { Links } from './link/link.ts'
import { Upstream } from './upstream.ts'
import type { Place, User } from './upstream.ts'

const mostIdle = 256
/** Instead of a time: it has become idle since the limits were looked at last. */
const justNow = -1
/** An upstream that says when it ends an idle connection is believed, less the time that a request takes to reach it. */
const onItsWayMs = 1_000

/** The connections to all upstreams: at most so many to one address, and whoever comes then waits its turn. */
export class Pool {
  readonly #limits: Limits
  readonly #links: Links
  readonly #places = new Map<Endpoint, Place>()
  readonly #all = new Set<Upstream>()
  /** Those whose requests are put together in this turn. */
  readonly #collecting: Upstream[] = []
  #closed = false
  readonly #sendAll = (): void => {
    for (const upstream of this.#collecting) {
      upstream.place.collecting = null
      upstream.sendAll()
    }
    this.#collecting.length = 0
  }

  constructor(limits: Limits, links: Links) {
    this.#limits = limits
    this.#links = links
  }

  /**
   * Grants a connection, at once if there may be one more; `fresh` never takes a used one. With `shares` above 1, so many of those that come in
   * one turn of the event loop share one, and a write.
   */
  take(endpoint: Endpoint, user: User, { fresh, shares }: { readonly fresh: boolean; readonly shares: number }): void {
    const place = this.#placeOf(endpoint)
    const mayShare = shares > 1 && !fresh && place.linesFromMs === 0
    if (mayShare && place.collecting?.join(user, shares) === true) return
    for (let upstream = fresh ? undefined : place.idle.pop(); upstream !== undefined; upstream = place.idle.pop()) {
      if (upstream.over) continue
      upstream.used = true
      if (mayShare) this.#collect(place, upstream)
      upstream.grant(user)
      return
    }
    if (place.open < endpoint.connections.mostInLane()) this.#open(endpoint, place, user)
    else {
      place.waiting.set(user, fresh)
      if (fresh) place.idle.shift()?.destroy()
    }
  }

  /** Whoever waits does so no more. */
  cancel(endpoint: Endpoint, user: User): void {
    this.#places.get(endpoint)?.waiting.delete(user)
  }

  /** Keeps a connection whose answer is whole; `endsAfterMs` is how long the upstream keeps it. */
  give(upstream: Upstream, endsAfterMs: number): void {
    upstream.user = null
    const keptMs = Math.min(this.#limits.upstreamKeepAliveMs, endsAfterMs - onItsWayMs)
    upstream.keptMs = keptMs
    upstream.idleUntilMs = justNow
    const { endpoint, place } = upstream
    if (place.waiting.size > 0) this.#giveTo(place, upstream)
    else if (endpoint.retired || place.idle.length >= mostIdle || keptMs <= 0) upstream.destroy()
    else place.idle.push(upstream)
  }

  #giveTo({ waiting }: Place, upstream: Upstream): void {
    const [[user, fresh] = [null, true]] = waiting
    // Whoever has to have a new one gets it in the place of this one.
    if (user === null || fresh) {
      upstream.destroy()
      return
    }
    waiting.delete(user)
    upstream.used = true
    upstream.grant(user)
  }

  /** Drops what was idle too long or is wanted no more. */
  check(nowMs: number): void {
    for (const [endpoint, place] of this.#places) {
      const { idle, open, waiting } = place
      if (nowMs > place.linesFromMs) place.linesFromMs = 0
      for (const upstream of idle) {
        if (upstream.idleUntilMs === justNow) upstream.idleUntilMs = nowMs + upstream.keptMs
        if (endpoint.retired || nowMs > upstream.idleUntilMs) upstream.destroy()
      }
      if (endpoint.retired && open === 0 && waiting.size === 0) this.#places.delete(endpoint)
    }
  }

  close(): void {
    this.#closed = true
    for (const upstream of this.#all) upstream.destroy()
  }

  #placeOf(endpoint: Endpoint): Place {
    let place = this.#places.get(endpoint)
    if (place !== undefined) return place
    const idle: Upstream[] = []
    place = { idle, waiting: new Map(), open: 0, collecting: null, linesFromMs: 0 }
    this.#places.set(endpoint, place)
    endpoint.connections.endIdleInLane = () => idle.shift()?.destroy()
    return place
  }

  /** What is read in this turn of the event loop is read before whatever was set for immediately. */
  #collect(place: Place, upstream: Upstream): void {
    upstream.collect()
    place.collecting = upstream
    this.#collecting.push(upstream)
    if (this.#collecting.length === 1) setImmediate(this.#sendAll)
  }

  #open(endpoint: Endpoint, place: Place, user: User): void {
    place.open += 1
    endpoint.connections.inLane += 1
    const upstream = new Upstream(endpoint, place, { links: this.#links, gone: (gone) => this.#forget(gone) })
    this.#all.add(upstream)
    upstream.grant(user)
  }

  #forget(upstream: Upstream): void {
    if (!this.#all.delete(upstream)) return
    const { endpoint, place } = upstream
    place.open -= 1
    endpoint.connections.inLane -= 1
    const at = place.idle.indexOf(upstream)
    if (at >= 0) place.idle.splice(at, 1)
    const next = this.#closed ? undefined : first(place.waiting)
    if (next !== undefined) this.#open(endpoint, place, next)
  }
}

/** Takes the one that waits longest. */
function first(waiting: Map<User, boolean>): User | undefined {
  for (const user of waiting.keys()) {
    waiting.delete(user)
    return user
  }
  return undefined
}
