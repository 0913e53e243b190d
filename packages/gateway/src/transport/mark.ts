import { formatRequestMark } from '@serin/core/assignment'
import type { Decision } from '@serin/core/assignment'
import type { Snapshot } from '../decide/snapshot.ts'
import type { Page } from '../wire/page.ts'

const dot = 46
/** Of the number, the bucket, and the dot between them. */
const mostDigits = 20

/** What the marks of one gateway have in common, under one table, for one version that answers for one reason. */
export interface MarkForm {
  readonly boot: string
  /** The id up to its number. */
  readonly begins: Buffer
  /** What stands behind the bucket. */
  readonly ends: Buffer
  readonly end: string
}

/** The form of marks under a table. */
export function markFormOf(
  boot: string,
  { canaryBp, rollout }: Pick<Snapshot, 'canaryBp' | 'rollout'>,
  { version, by }: Pick<Decision, 'version' | 'by'>,
): MarkForm {
  const end = formatRequestMark('', { bucket: 0, by, canaryBp, rollout, version }).slice('.0'.length)
  return { boot, end, begins: Buffer.from(`${boot}-`, 'latin1'), ends: Buffer.from(end, 'latin1') }
}

/** The mark of a request (see `formatRequestMark` of core): put down as bytes where it is told, or as a text for who needs one. */
export class Mark {
  readonly #form: MarkForm
  readonly #number: number
  readonly #bucket: number
  /** Who needs a text needs it for the version and for the client. */
  #text: string | null = null

  constructor(form: MarkForm, number: number, bucket: number) {
    this.#form = form
    this.#number = number
    this.#bucket = bucket
  }

  get text(): string {
    const { boot, end } = this.#form
    return (this.#text ??= `${boot}-${this.#number.toString(36)}.${this.#bucket}${end}`)
  }

  /** No mark has more bytes than this one may have. */
  get room(): number {
    return this.#form.begins.length + this.#form.ends.length + mostDigits
  }

  put(page: Page): void {
    const { begins, ends } = this.#form
    page.add(begins)
    page.number(this.#number, 36)
    page.byte(dot)
    page.number(this.#bucket)
    page.add(ends)
  }
}
