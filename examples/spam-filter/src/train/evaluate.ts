import { openModel } from '../inference/open-model.ts'
import type { LabelledMessage } from '../messages/messages.ts'

/** How often a filter is right, and how it errs. All in percent. */
export interface Quality {
  readonly messages: number
  readonly accuracy: number
  /** Good messages called spam. */
  readonly falsePositive: number
  /** Spam called good. */
  readonly falseNegative: number
}

/** From this probability on a message is called spam. */
export const spamFrom = 0.5

/** Lengths for which times are given apart, in characters: from, below. */
export const lengthBands = [
  [0, 80],
  [80, 160],
  [160, 320],
  [320, 1_000],
] as const

/** Time of one inference for messages of a length. */
export interface Timing {
  readonly messages: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/** What a version does on messages it has not seen. */
export interface Evaluation extends Quality {
  /** One per length band. */
  readonly timings: readonly Timing[]
}

/** Measures a model file on messages, one inference each, in this process on one thread. */
export async function evaluate(model: Uint8Array, messages: readonly LabelledMessage[]): Promise<Evaluation> {
  const opened = await openModel(model)
  for (const { text } of messages.slice(0, 200)) await opened.score([text])
  const verdicts: boolean[] = []
  const timesMs: number[] = []
  for (const { text } of messages) {
    const startedMs = performance.now()
    const [probability = Number.NaN] = await opened.score([text])
    timesMs.push(performance.now() - startedMs)
    verdicts.push(probability >= spamFrom)
  }
  await opened.close()
  const timings = lengthBands.map(([from, below]) =>
    timingOf(
      timesMs.filter((_, i) => {
        const length = messages[i]?.text.length ?? 0
        return length >= from && length < below
      }),
    ),
  )
  return { ...qualityOf(messages, verdicts), timings }
}

/** Counts right and wrong verdicts. */
export function qualityOf(messages: readonly LabelledMessage[], calledSpam: readonly boolean[]): Quality {
  const percent = (wrong: number, of: number) => (of === 0 ? 0 : (100 * wrong) / of)
  const spam = messages.filter((message) => message.spam).length
  const good = messages.length - spam
  const falsePositives = messages.filter((message, i) => !message.spam && calledSpam[i] === true).length
  const falseNegatives = messages.filter((message, i) => message.spam && calledSpam[i] !== true).length
  return {
    messages: messages.length,
    accuracy: 100 - percent(falsePositives + falseNegatives, messages.length),
    falsePositive: percent(falsePositives, good),
    falseNegative: percent(falseNegatives, spam),
  }
}

function timingOf(timesMs: readonly number[]): Timing {
  const sorted = timesMs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? 0
  return { messages: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95) }
}
