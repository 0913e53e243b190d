import type { Snapshot } from '../../decide/snapshot.ts'
import type { Limits } from '../../limits.ts'
import type { AnswerHead } from '../../wire/answer-head.ts'
import type { Assigned } from '../assigning.ts'
import type { Endpoint } from '../endpoints.ts'
import type { Outcome } from '../exchange.ts'
import type { AnswerMark } from '../headers.ts'
import type { GatewayProblem } from '../problem.ts'
import type { Client } from './client.ts'
import type { LaneExchange } from './exchange.ts'
import type { Outgoing } from './heads.ts'
import type { Link } from './link/link.ts'
import type { Pool } from './pool.ts'

/** The client's side of an exchange. */
export interface Sink {
  head(answer: AnswerHead, mark: AnswerMark): void
  hints(bytes: Buffer): void
  /** A piece of the body as it came, from `from` to `to`, with its framing unless it had none. False when it is to wait for `drained`. */
  body(bytes: Buffer, from: number, to: number, source: Link): boolean
  /** The answer is whole. */
  done(): void
  /** The exchange can take bytes of the request's body. */
  feed(): void
  /** Whether the whole body of the request was there. */
  readonly bodyComplete: boolean
  /** The body stopped coming. */
  tooSlow(mark: AnswerMark): void
  /** Nothing more comes for now. */
  flush(): void
  problem(problem: GatewayProblem, mark: AnswerMark): void
  /** The answer will never be whole. */
  broken(): void
}

/** A request that one version is to answer, or stable in its place. */
export interface Turn extends Pick<Assigned, 'ticket' | 'bucket'> {
  readonly client: Client
  readonly snapshot: Snapshot
  readonly outgoing: Outgoing
  /** Whether a body follows the head. */
  readonly bodied: boolean
  readonly mark: AnswerMark
  /** How many requests may share a write to an upstream with it; 1 when none may. */
  readonly shares: number
  /** Whether stable answers when the version cannot. */
  readonly shielded: boolean
  /** Set when it stands in: to be called when it is over. */
  readonly left: (() => void) | null
}

/** What an exchange needs to know of its surroundings. */
export interface Surroundings {
  readonly limits: Limits
  readonly pool: Pool
  acquire(turn: Turn, tried: ReadonlySet<string>): Endpoint | null
  release(endpoint: Endpoint): void
  /** Stable answers in the place of this one. */
  standIn(exchange: LaneExchange): void
  ended(exchange: LaneExchange, outcome: Outcome): void
}
