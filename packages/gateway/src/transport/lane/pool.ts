import type { Limits } from '../../limits.ts'
import type { Endpoint } from '../endpoints.ts'
import type { Framing } from '../../wire/answer-head.ts'
import { BodyEnd } from '../../wire/body.ts'
import { Page } from '../../wire/page.ts'
import type { Link, Links, Opener } from './link/link.ts'

const mostIdle = 256
/** More than most heads of requests take. */
const pageBytes = 2_048
/** Instead of a time: it has become idle since the limits were looked at last. */
const justNow = -1
/** An upstream that says when it ends an idle connection is believed, less the time that a request takes to reach it. */
const onItsWayMs = 1_000

/** Who uses a connection to an upstream. */
export interface User {
  /** It has its turn on this connection. */
  granted(upstream: Upstream): void
  connected(): void
  /** Bytes of the answer; they are the user's until it returns, or longer if it asks the link to keep them. */
  received(bytes: Buffer): void
  /** The upstream takes more again. */
  drained(): void
  /** The upstream ended the connection, or broke it. */
  lost(upstream: Upstream, ended: boolean): void
}

/** A connection to an upstream: one exchange at a time. */
export class Upstream implements Opener {
  readonly endpoint: Endpoint
  readonly link: Link
  user: User | null = null
  isConnected = false
  /** Whether it is of no more use. */
  over = false
  /** Whether an exchange before this one used it. */
  used = false
  /** How long it may be idle, and until when that is. */
  keptMs = 0
  idleUntilMs = justNow
  readonly place: Place
  #page: Page | null = null
  #body: BodyEnd | null = null
  readonly #gone: (upstream: Upstream) => void

  constructor(
    endpoint: Endpoint,
    place: Place,
    { links, gone }: { readonly links: Links; readonly gone: (upstream: Upstream) => void },
  ) {
    this.endpoint = endpoint
    this.place = place
    this.#gone = gone
    this.link = links.open(endpoint.options, this)
  }

  connected(): void {
    this.isConnected = true
    this.user?.connected()
  }

  received(bytes: Buffer): void {
    if (this.over) return
    // Nobody asked: such a connection is never used again.
    if (this.user === null) this.destroy()
    else this.user.received(bytes)
  }

  drained(): void {
    this.user?.drained()
  }

  ended(): void {
    this.#lost(true)
  }

  closed(): void {
    this.#lost(false)
  }

  /** Where a request to it is put together; nobody else writes there before its answer is whole. */
  pageFor(room: number): Page {
    if (room > pageBytes) return new Page(room)
    return (this.#page ??= new Page(pageBytes))
  }

  /** The body of the answer that begins; that of the one before is known no more. */
  bodyOf(framing: Framing, length: number): BodyEnd {
    if (this.#body === null) this.#body = new BodyEnd(framing, length)
    else this.#body.begin(framing, length)
    return this.#body
  }

  destroy(): void {
    this.over = true
    this.link.destroy()
  }

  #lost(ended: boolean): void {
    const { user } = this
    this.user = null
    this.#gone(this)
    this.destroy()
    user?.lost(this, ended)
  }
}

/** The connections to one address. */
interface Place {
  /** Idle ones, the last used first. */
  readonly idle: Upstream[]
  readonly waiting: Set<User>
  open: number
}

/** The connections to all upstreams: at most so many to one address, and whoever comes then waits its turn. */
export class Pool {
  readonly #limits: Limits
  readonly #links: Links
  readonly #places = new Map<Endpoint, Place>()
  readonly #all = new Set<Upstream>()
  #closed = false

  constructor(limits: Limits, links: Links) {
    this.#limits = limits
    this.#links = links
  }

  /** Grants a connection, at once if there may be one more; `fresh` never takes a used one. */
  take(endpoint: Endpoint, user: User, fresh: boolean): void {
    let place = this.#places.get(endpoint)
    if (place === undefined) this.#places.set(endpoint, (place = { idle: [], waiting: new Set(), open: 0 }))
    for (let upstream = fresh ? undefined : place.idle.pop(); upstream !== undefined; upstream = place.idle.pop()) {
      if (upstream.over) continue
      upstream.used = true
      grant(upstream, user)
      return
    }
    if (place.open < this.#limits.connectionsPerEndpoint) this.#open(endpoint, place, user)
    else {
      place.waiting.add(user)
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
    const next = place.waiting.size === 0 ? undefined : first(place.waiting)
    if (next !== undefined) {
      upstream.used = true
      grant(upstream, next)
    } else if (endpoint.retired || place.idle.length >= mostIdle || keptMs <= 0) upstream.destroy()
    else place.idle.push(upstream)
  }

  /** Drops what was idle too long or is wanted no more. */
  check(nowMs: number): void {
    for (const [endpoint, { idle, open, waiting }] of this.#places) {
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

  #open(endpoint: Endpoint, place: Place, user: User): void {
    place.open += 1
    const upstream = new Upstream(endpoint, place, { links: this.#links, gone: (gone) => this.#forget(gone) })
    this.#all.add(upstream)
    grant(upstream, user)
  }

  #forget(upstream: Upstream): void {
    if (!this.#all.delete(upstream)) return
    const { place } = upstream
    place.open -= 1
    const at = place.idle.indexOf(upstream)
    if (at >= 0) place.idle.splice(at, 1)
    const next = this.#closed ? undefined : first(place.waiting)
    if (next !== undefined) this.#open(upstream.endpoint, place, next)
  }
}

function grant(upstream: Upstream, user: User): void {
  upstream.user = user
  user.granted(upstream)
}

/** Takes the one that waits longest. */
function first(waiting: Set<User>): User | undefined {
  for (const user of waiting) {
    waiting.delete(user)
    return user
  }
  return undefined
}
