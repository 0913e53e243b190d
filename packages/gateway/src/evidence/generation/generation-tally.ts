import type { GenerationSlot } from '@serin/core'
import { generationColumns, slotBuckets } from '@serin/core/evidence'
import type { Generated } from './answer-watch.ts'

type Column = Exclude<(typeof generationColumns)[number], 'bucket'>

/** Numbers per bucket: all columns but the first, which is its own. */
const width = generationColumns.length - 1
const placeOf = (column: Column): number => generationColumns.indexOf(column) - 1

/** What the answers of one version showed since the last cut: sums per bucket of units, 6 KB for any number of users. */
export class GenerationTally {
  readonly #sums = new Float64Array(slotBuckets * width)
  #unread = 0
  #estimated = 0
  #empty = true

  /** Adds an answer to a unit in a bucket. */
  add(bucket: number, seen: Generated): void {
    this.#empty = false
    const { firstByteMs, firstTokenMs, gaps, gapMs, timed, usage } = seen
    if (seen.unread) this.#unread += 1
    if (seen.estimated) this.#estimated += 1
    if (firstByteMs !== null) this.#count(bucket, { answers: 1, firstByteMs })
    if (firstTokenMs !== null) this.#count(bucket, { streams: 1, firstTokenMs })
    if (gaps > 0) this.#count(bucket, { gaps, gapMs })
    if (timed !== null) this.#count(bucket, { timed: 1, timedMs: timed.ms, tokens: timed.tokens })
    if (usage !== null) {
      const { promptTokens, completionTokens } = usage
      this.#count(bucket, { usages: 1, promptTokens, completionTokens: completionTokens ?? 0 })
    }
  }

  /** The sums, or null when there was no answer; the tally is empty afterwards. */
  take(): GenerationSlot | null {
    if (this.#empty) return null
    const buckets: number[][] = []
    for (let bucket = 0; bucket < slotBuckets; bucket += 1) {
      const own = this.#sums.subarray(bucket * width, (bucket + 1) * width)
      if (own.some((sum) => sum > 0)) buckets.push([bucket, ...own].map((sum) => Math.round(sum * 1_000) / 1_000))
    }
    const slot = { unread: this.#unread, estimated: this.#estimated, buckets }
    this.#sums.fill(0)
    this.#unread = 0
    this.#estimated = 0
    this.#empty = true
    return slot
  }

  #count(bucket: number, sums: Readonly<Partial<Record<Column, number>>>): void {
    for (const [column, sum] of Object.entries(sums)) {
      const at = bucket * width + placeOf(column as Column)
      this.#sums[at] = (this.#sums[at] ?? 0) + sum
    }
  }
}
