import { openModel, type OpenModel } from '../inference/open-model.ts'
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
  /** Messages it was taken of. */
  readonly messages: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/** What a version does on messages it has not seen. */
export interface Evaluation extends Quality {
  /** One per length band. */
  readonly timings: readonly Timing[]
}

const timedPerBand = 60
const timedRuns = 5

/** Measures a model file on messages, in this process, on one thread. */
export async function evaluate(model: Uint8Array, messages: readonly LabelledMessage[]): Promise<Evaluation> {
  const opened = await openModel(model)
  const verdicts: boolean[] = []
  for (const { text } of messages) {
    const [probability = Number.NaN] = await opened.score([text])
    verdicts.push(probability >= spamFrom)
  }
  const timings: Timing[] = []
  for (const [from, below] of lengthBands) {
    const band = messages.filter(({ text }) => text.length >= from && text.length < below)
    const timesMs: number[] = []
    for (const { text } of band.slice(0, timedPerBand)) timesMs.push(await fastestMs(opened, text))
    timings.push(timingOf(timesMs))
  }
  await opened.close()
  return { ...qualityOf(messages, verdicts), timings }
}

/** The best of a few runs: the others have waited for something else on the machine. */
export async function fastestMs(model: OpenModel, text: string, runs = timedRuns): Promise<number> {
  let fastest = Infinity
  for (let run = 0; run < runs; run += 1) {
    const startedMs = performance.now()
    await model.score([text])
    fastest = Math.min(fastest, performance.now() - startedMs)
  }
  return fastest
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
