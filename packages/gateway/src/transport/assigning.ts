import { bucketOf } from '@serin/core/assignment'
import type { Decision, RequestView } from '@serin/core/assignment'
import type { Snapshot } from '../decide/snapshot.ts'
import type { Hop } from '../edge/hop.ts'
import type { Recording, Underway } from '../evidence/recording.ts'
import { isUndecidable } from '../lookups/lookups.ts'
import type { Lookups } from '../lookups/lookups.ts'
import { newUnitId } from '../lookups/unit-ids.ts'
import type { AnswerMark } from './headers.ts'
import { Mark, markFormOf } from './mark.ts'
import type { MarkForm } from './mark.ts'
import { keysUnknown } from './problem.ts'
import type { GatewayProblem } from './problem.ts'

const goodRequestId = /^[\x21-\x7e]{1,200}$/

/** Who answers a request, and how that is counted and told. */
export interface Assigned extends AnswerMark {
  readonly ticket: Underway
  readonly by: Decision['by']
  readonly hop: Hop
  readonly unit: string | null
  readonly bucket: number
}

/** Nobody answers a request: the gateway refuses it. */
export interface Refused {
  readonly refusal: GatewayProblem
}

/** What is to be known of a request to assign it. */
export interface Asked {
  /** With the address of the client, not of who sent the request on. */
  readonly view: RequestView
  readonly hop: Hop
  /** The `x-request-id` it came with. */
  readonly givenId: string | readonly string[] | undefined
  /** Whether it came to the preview address. */
  readonly previews: boolean
}

/** Assigns requests to versions, the same way whatever carries their bytes. */
export class Assigning {
  readonly #boot: string
  readonly #recorder: Recording
  readonly #lookups: Lookups
  #requests = 0
  /** What stood for the unit of the last request that had none. */
  #chance = ''
  readonly #drawChance = (): string => (this.#chance = String(Math.random()))
  readonly #issue = (): string => (this.#chance = newUnitId())
  /** The forms of marks under the table that was asked for last. */
  #forms: Forms | null = null

  constructor(options: { readonly boot: string; readonly recorder: Recording; readonly lookups: Lookups }) {
    this.#boot = options.boot
    this.#recorder = options.recorder
    this.#lookups = options.lookups
  }

  /** Decides, and begins to count; or refuses, and nothing is counted. The one way from a request to its version, for every lane. */
  assign(snapshot: Snapshot, { view, hop, givenId, previews }: Asked): Assigned | Refused {
    const { sticky } = snapshot.table
    const seen = this.#lookups.seen(view, hop.trusted)
    const routed = snapshot.router.decide(seen, sticky === undefined ? this.#drawChance : this.#issue)
    if (isUndecidable(seen) && !previews) return { refusal: keysUnknown }
    // As with the override header: whoever asked here chose the version, so it is evidence of nothing.
    const decision = previews ? ({ version: snapshot.previewed, by: 'override', unit: routed.unit } as const) : routed
    const slices = decision.by === 'hash' ? (snapshot.classify?.(seen) ?? null) : null
    const ticket = this.#recorder.start(decision, slices)
    const { version, by, unit } = decision
    const bucket = bucketOf(unit ?? this.#chance)
    const { told, givenId: ownId, mark } = this.marksOf(snapshot, givenId, { version, by, bucket })
    const traceId = hop.trace.id ?? undefined
    const assigned = { ticket, hop, unit, by, bucket, version, told, givenId: ownId, mark, traceId }
    if (sticky === undefined || unit === null || routed.issued === undefined) return assigned
    const said = hop.trusted ? view.header('x-forwarded-proto') : undefined
    const isSecure = said === undefined ? hop.encrypted : said.startsWith('https')
    return { ...assigned, setCookie: cookieOf(unit, sticky, isSecure) }
  }

  /** The marks of a request that a version answers. */
  marksOf(
    snapshot: Snapshot,
    givenId: Asked['givenId'],
    served: Pick<Assigned, 'version' | 'by' | 'bucket'>,
  ): AnswerMark {
    const { version } = served
    return {
      version,
      told: snapshot.edge.told(version),
      givenId: goodId(givenId),
      mark: this.#mark(snapshot, served),
    }
  }

  #mark(snapshot: Snapshot, { version, by, bucket }: Pick<Assigned, 'version' | 'by' | 'bucket'>): Mark {
    if (this.#forms?.snapshot !== snapshot)
      this.#forms = { snapshot, rule: new Map(), override: new Map(), hash: new Map() }
    const forms = this.#forms[by]
    let form = forms.get(version)
    if (form === undefined) forms.set(version, (form = markFormOf(this.#boot, snapshot, { version, by })))
    this.#requests += 1
    return new Mark(form, this.#requests, bucket)
  }
}

/** The forms of marks by why a version answers, and by the version. */
interface Forms extends Readonly<Record<Decision['by'], Map<string, MarkForm>>> {
  readonly snapshot: Snapshot
}

function goodId(givenId: Asked['givenId']): string | null {
  return typeof givenId === 'string' && goodRequestId.test(givenId) ? givenId : null
}

/** The cookie by which a client without an id comes back as the same unit. No script reads it, and no other site sends it along. */
function cookieOf(
  unit: string,
  { cookie, maxAgeS }: NonNullable<Snapshot['table']['sticky']>,
  isSecure: boolean,
): string {
  return `${cookie}=${unit}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}
