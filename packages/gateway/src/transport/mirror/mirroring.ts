import type { Mirror, RoutingTable } from '@serin/core'
import { boundOf, murmurHash2 } from '@serin/core/assignment'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Hop } from '../../edge/hop.ts'
import type { ComparedPair } from '../../evidence/mirror-tally.ts'
import type { Recording } from '../../evidence/recording.ts'
import type { Limits } from '../../limits.ts'
import { differenceOf, failed, rulesOf } from '../../mirror/compare.ts'
import type { Answer, Body, Rules } from '../../mirror/compare.ts'
import { Endpoints } from '../endpoints.ts'
import { idempotent } from '../shield.ts'
import { hasBody } from '../framing.ts'
import { isGrpc } from '../grpc.ts'
import type { RequestIn } from '../message.ts'
import { requestHeaders, requestIdOf } from '../headers.ts'
import type { AnswerMark } from '../headers.ts'
import { decoded, encodingOf } from './decode.ts'
import { KeptBody, Room } from './keeping.ts'
import { Pair } from './pair.ts'
import type { Side, Sides } from './pair.ts'

/** A mirror ready for requests. */
interface Active {
  readonly mirror: Mirror
  readonly stable: string
  readonly rules: Rules
  readonly salt: string
  readonly methods: ReadonlySet<string>
  readonly bound: number
  readonly upstream: RoutingTable['upstream']
  /** Pairs begun under another question are thrown away. */
  readonly question: string
}

/** A request that was assigned. */
export interface Assigned extends Pick<AnswerMark, 'givenId' | 'mark'> {
  readonly request: RequestIn
  readonly version: string
  readonly unit: string | null
  readonly hop: Hop
}

/** Headers that hold for the answers of one version only, or that make a request more than a question and an answer. */
const uncopied = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'expect',
  'upgrade',
  'serin-mirror',
] as const

/** Canary's answer may be longer than stable's may be: the same values can be written more widely. */
const canaryFactor = 2
const decodedFactor = 4

/** Copies requests of stable to another version, and counts how the answers differ. The originals do not notice. */
export class Mirroring {
  readonly #recorder: Recording
  readonly #limits: Limits
  readonly #endpoints: Endpoints
  readonly #room: Room
  readonly #pairs = new Set<Pair>()
  #active: Active | null = null
  #left = false
  /** Comparisons one after another, so that they never hold up requests for long. */
  #turn: Promise<void> = Promise.resolve()

  constructor({ recorder, limits }: { readonly recorder: Recording; readonly limits: Limits }) {
    this.#recorder = recorder
    this.#limits = limits
    this.#endpoints = new Endpoints(limits)
    this.#room = new Room(limits.mirrorBytes)
  }

  /** Goes on as the table says; pairs that answer an earlier question are thrown away. */
  change(table: RoutingTable): void {
    const before = this.#active?.question
    this.#active = activeOf(table)
    if (before !== undefined && before !== this.#active?.question) this.#giveUpAll()
    const { mirror } = table
    this.#endpoints.keepOnly({
      arms: mirror === undefined ? [] : [{ version: mirror.version, endpoints: mirror.endpoints, weightBp: 0 }],
    })
  }

  /** A pair for a request that stable is about to answer, or null: the request is not copied. */
  pairOf({ request, version, unit, hop, ...id }: Assigned): Pair | null {
    const active = this.#active
    if (active === null || this.#left || version !== active.stable || !wanted(active, request, unit)) return null
    const { mirror } = active
    const { mirrorCopies, mirrorBodyBytes } = this.#limits
    const tooLong = Number(request.headers['content-length'] ?? 0) > mirrorBodyBytes
    if (mirror.endpoints.length === 0 || this.#pairs.size >= mirrorCopies || tooLong) {
      this.#recorder.mirror.dropped()
      return null
    }
    const kept = (limit: number, stores: boolean): KeptBody => new KeptBody(this.#room, { limit, stores })
    const comparesBodies = mirror.body !== 'ignore'
    const bodies = {
      request: kept(mirrorBodyBytes, true),
      stable: kept(mirrorBodyBytes, comparesBodies),
      canary: kept(mirrorBodyBytes * canaryFactor, comparesBodies),
    }
    const headers = requestHeaders(request, { hop, requestId: requestIdOf(id), upgrade: null })
    headers.push('serin-mirror', '1')
    const method = request.method ?? 'GET'
    const pair = new Pair({
      request,
      method,
      target: request.url ?? '/',
      headers,
      upstream: active.upstream,
      bodied: hasBody(request),
      replayable: idempotent.has(method),
      timeoutMs: mirror.timeoutMs,
      bodies,
      acquire: (tried) => this.#endpoints.acquire(mirror.version, mirror.endpoints, tried),
      release: (endpoint) => this.#endpoints.release(endpoint),
      sent: () => {
        this.#recorder.mirror.sent()
        return this.#recorder.hold(mirror.version)
      },
      over: (how) => {
        if (how === 'dropped') this.#recorder.mirror.dropped()
        const forget = (): void => {
          this.#pairs.delete(pair)
          for (const body of Object.values(bodies)) body.drop()
        }
        if (how === null || how === 'dropped') forget()
        else this.#turn = this.#judge(active, how, this.#turn, forget)
      },
    })
    this.#pairs.add(pair)
    return pair
  }

  /** Copies in flight by address. */
  inFlight(): Record<string, number> {
    return this.#endpoints.inFlight()
  }

  /** The gateway is about to go: copies are given up, and no others are begun. */
  leave(): void {
    this.#left = true
    this.#giveUpAll()
    this.#endpoints.close()
  }

  #giveUpAll(): void {
    for (const pair of this.#pairs) pair.giveUp()
  }

  async #judge(active: Active, sides: Sides, turn: Promise<void>, forget: () => void): Promise<void> {
    await turn
    await nextTurn()
    const asked = (): boolean => this.#active?.question === active.question
    try {
      const pair = asked() ? await this.#compare(active.rules, sides) : null
      if (pair !== null && asked()) this.#recorder.mirror.compared(pair)
    } catch {
      // Whatever is wrong with a comparison, the next one and all requests go on.
    } finally {
      forget()
    }
  }

  async #compare(rules: Rules, { stable, canary, sentMs }: Sides): Promise<ComparedPair> {
    const limit = this.#limits.mirrorBodyBytes * decodedFactor
    const [one, other] = sameBytes(stable, canary)
      ? [answerOf(stable, stable.kept.bytes), answerOf(canary, canary.kept.bytes)]
      : [answerOf(stable, await plain(stable, limit)), answerOf(canary, await plain(canary, limit * canaryFactor))]
    const [stableFailed, canaryFailed] = [failed(one), failed(other)]
    const timed = stable.endMs !== null && canary.endMs !== null && !stableFailed && !canaryFailed
    const difference = differenceOf(one, other, rules)
    const latencyMs = timed ? { canary: canary.endMs - sentMs, stable: Math.max(0, stable.endMs - sentMs) } : null
    return { difference, stableFailed, canaryFailed, latencyMs }
  }
}

function activeOf({ mirror, stable, salt, measurement, upstream }: RoutingTable): Active | null {
  if (mirror === undefined) return null
  const { version, shareBp, methods, body, ignored, tolerance } = mirror
  return {
    mirror,
    stable,
    upstream,
    rules: rulesOf(mirror),
    // Of its own: who is copied must not depend on who is assigned what.
    salt: `serin.mirror/${salt}`,
    methods: new Set(methods),
    bound: shareBp >= 10_000 ? Infinity : boundOf(shareBp),
    question: JSON.stringify([measurement.rollout, stable, version, body, ignored, tolerance]),
  }
}

function wanted({ methods, salt, bound }: Active, request: RequestIn, unit: string | null): boolean {
  if (
    !methods.has(request.method ?? '') ||
    isGrpc(request) ||
    uncopied.some((name) => request.headers[name] !== undefined)
  )
    return false
  return murmurHash2(salt + (unit ?? String(Math.random()))) < bound
}

function sameBytes(stable: Side, canary: Side): boolean {
  return (
    stable.kept.state === 'kept' &&
    canary.kept.state === 'kept' &&
    encodingOf(stable.headers) === encodingOf(canary.headers) &&
    stable.kept.bytes.equals(canary.kept.bytes)
  )
}

function answerOf({ status }: Side, body: Body): Answer {
  return { status, body }
}

async function plain({ kept, headers }: Side, limit: number): Promise<Body> {
  if (kept.state !== 'kept') return kept.state === 'longer' ? 'longer' : 'unseen'
  return await decoded(kept.bytes, encodingOf(headers), limit)
}
