import type { Framing } from '../../wire/answer-head.ts'
import { BodyEnd } from '../../wire/body.ts'
import { Page } from '../../wire/page.ts'
import type { Endpoint } from '../endpoints.ts'
import { joinedBytes } from './link/link.ts'
import type { Link, Links, Opener } from './link/link.ts'

/** More than most heads of requests take; longer ones share no write. */
export const pageBytes = 2_048
/** How many lengths of requests recur: their marks differ by a digit or two. */
const lengthsKept = 8
/** The most requests that share a write. */
const mostInLine = 16
/** How long a request may wait for those it was sent with. */
const mostInLineMs = 1_000
/** How long nothing shares a write at an address where somebody stood in line in vain, or too long. */
const lesserMs = 60_000

/** Who uses a connection to an upstream. */
export interface User {
  /** It has its turn on this connection, or stands in line on it. */
  granted(upstream: Upstream): void
  connected(): void
  /** Bytes of the answer; they are the user's until it returns, or longer if it asks the link to keep them. */
  received(bytes: Buffer): void
  /** The upstream takes more again. */
  drained(): void
  /** The upstream ended the connection, or broke it; or who stands in line has to go elsewhere. */
  lost(upstream: Upstream, ended: boolean): void
}

/** The connections to one address. */
export interface Place {
  /** Idle ones, the last used first. */
  readonly idle: Upstream[]
  /** Who waits for a connection, and whether it has to be a new one. */
  readonly waiting: Map<User, boolean>
  open: number
  /** The one whose requests are put together until the end of this turn of the event loop. */
  collecting: Upstream | null
  /** From when on requests may share a write here: 0 until something was wrong. */
  linesFromMs: number
}

/** A connection to an upstream: one exchange at a time, and those in line behind it whose requests were sent with its own. */
export class Upstream implements Opener {
  readonly endpoint: Endpoint
  readonly place: Place
  readonly link: Link
  user: User | null = null
  isConnected = false
  /** Whether it is of no more use. */
  over = false
  /** Whether an exchange before this one used it. */
  used = false
  /** How long it may be idle, and until when that is. */
  keptMs = 0
  idleUntilMs = 0
  /** Whether it ends after the answer under way. */
  ends = false
  readonly #line: User[] = []
  #page: Page | null = null
  /** Where requests that share a write are put together, while they are. */
  #batch: Page | null = null
  #collects = false
  /** The head of a request, while it waits for the beginning of the body. */
  #held: Buffer | null = null
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

  grant(user: User): void {
    this.user = user
    user.granted(this)
  }

  /** Where a request to it is put together; nobody else writes there before its answer is whole. */
  pageFor(room: number): Page {
    if (this.#collects) return (this.#batch ??= new Page(pageBytes * mostInLine))
    const page = room > pageBytes ? new Page(room) : (this.#page ??= new Page(pageBytes, lengthsKept))
    page.length = 0
    return page
  }

  /** What is on the page is to be sent: at once, or with what else comes in this turn. */
  send(page: Page): void {
    if (!this.#collects) this.link.write(page.written)
  }

  /** What is on the page is to be sent with the beginning of its body. */
  hold(page: Page): void {
    this.#held = page.written
  }

  /** Sends bytes of a body, behind the head if that is still here. */
  sendBody(bytes: Buffer): void {
    const head = this.#held
    this.#held = null
    if (head !== null && bytes.length <= joinedBytes) this.link.write(Buffer.concat([head, bytes]))
    else {
      if (head !== null) this.link.write(head)
      if (bytes.length > 0) this.link.write(bytes)
    }
  }

  /** Whether others are answered before it. Who has waited for them too long does so no more. */
  isInLine(user: User, waitedMs: number): boolean {
    if (this.user === user) return false
    if (waitedMs > mostInLineMs) this.slow()
    return true
  }

  /** Its user wants no answer any more, or who stands in line does not. */
  leave(user: User): void {
    if (this.user === user) {
      this.user = null
      this.destroy()
    }
    this.freeLine(user)
  }

  /** Until `sendAll`, requests are put together here. */
  collect(): void {
    this.#collects = true
    if (this.#batch !== null) this.#batch.length = 0
  }

  /** Takes another user into its line, if `most` are not there. */
  join(user: User, most: number): boolean {
    if (this.over || this.#line.length + 1 >= Math.min(most, mostInLine)) return false
    this.#line.push(user)
    user.granted(this)
    return true
  }

  sendAll(): void {
    this.#collects = false
    if (this.#batch !== null && this.#batch.length > 0) this.link.write(this.#batch.written)
  }

  /** The answer to its user is whole; `rest` stands behind it. False when nobody is in line, and the connection is free, or to be ended. */
  next(rest: Buffer, again: boolean): boolean {
    this.user = this.#line.shift() ?? null
    if (this.user === null) return false
    if (again) {
      if (rest.length > 0) this.user.received(rest)
      return true
    }
    const { user } = this
    this.user = null
    this.destroy()
    user.lost(this, false)
    this.freeLine()
    return true
  }

  /** Those in line go elsewhere, and this connection ends after the answer under way: what they asked for would come behind it. */
  freeLine(except: User | null = null): void {
    if (this.#line.length === 0) return
    this.ends = true
    for (const user of this.#line.splice(0)) if (user !== except) user.lost(this, false)
  }

  /** It is too slow for lines: nothing shares a write there for a while. */
  slow(): void {
    this.#noLines(lesserMs)
    this.freeLine()
  }

  /** It sent what was not to be understood: nothing that is sent to its address shares a write any more. */
  distrust(): void {
    this.#noLines(Number.POSITIVE_INFINITY)
  }

  /** Whether somebody stands in line. */
  get hasLine(): boolean {
    return this.#line.length > 0
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

  #noLines(ms: number): void {
    this.place.linesFromMs = Math.max(this.place.linesFromMs, performance.now() + ms)
  }

  #lost(ended: boolean): void {
    const { user } = this
    this.user = null
    this.#gone(this)
    this.destroy()
    user?.lost(this, ended)
    if (this.hasLine) this.slow()
  }
}
