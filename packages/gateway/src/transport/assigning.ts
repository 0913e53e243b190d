import { bucketOf, formatRequestMark } from '@serin/core/assignment'
import type { Decision, RequestView } from '@serin/core/assignment'
import type { Snapshot } from '../decide/snapshot.ts'
import type { Recorder, Ticket } from '../evidence/recorder.ts'
import type { AnswerMark } from './headers.ts'

const goodRequestId = /^[\x21-\x7e]{1,200}$/

/** Who answers a request, and how that is counted and told. */
export interface Assigned extends AnswerMark {
  readonly ticket: Ticket
  readonly by: Decision['by']
  readonly address: string
  readonly unit: string | null
  readonly bucket: number
}

/** What is to be known of a request to assign it. */
export interface Asked {
  readonly view: RequestView
  readonly address: string
  /** The `x-request-id` it came with. */
  readonly givenId: string | readonly string[] | undefined
  /** Whether it came to the preview address. */
  readonly previews: boolean
}

/** Assigns requests to versions, the same way whatever carries their bytes. */
export class Assigning {
  readonly #boot: string
  readonly #recorder: Recorder
  #requests = 0

  constructor(boot: string, recorder: Recorder) {
    this.#boot = boot
    this.#recorder = recorder
  }

  /** Decides, and begins to count. */
  assign(snapshot: Snapshot, { view, address, givenId, previews }: Asked): Assigned {
    let chance = ''
    const routed = snapshot.router.decide(view, () => (chance = String(Math.random())))
    // As with the override header: whoever asked here chose the version, so it is evidence of nothing.
    const decision = previews ? ({ version: snapshot.previewed, by: 'override', unit: routed.unit } as const) : routed
    const slices = decision.by === 'hash' ? (snapshot.classify?.(view) ?? null) : null
    const ticket = this.#recorder.start(decision, slices)
    const { version, by, unit } = decision
    const bucket = bucketOf(unit ?? chance)
    return { ticket, address, unit, by, bucket, ...this.marksOf(snapshot, givenId, { version, by, bucket }) }
  }

  /** The marks of a request that a version answers. */
  marksOf(
    { canaryBp, rollout }: Snapshot,
    givenId: string | readonly string[] | undefined,
    served: Pick<Assigned, 'version' | 'by' | 'bucket'>,
  ): AnswerMark {
    this.#requests += 1
    const id = `${this.#boot}-${this.#requests.toString(36)}`
    const mark = formatRequestMark(id, { ...served, canaryBp, rollout })
    const requestId = typeof givenId === 'string' && goodRequestId.test(givenId) ? givenId : mark
    return { version: served.version, requestId, mark }
  }
}
