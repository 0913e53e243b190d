import type { LabelledMessage } from '../messages/messages.ts'
import { spamFrom } from '../train/evaluate.ts'
import type { Prediction } from './infer.ts'
import type { User } from './population.ts'

/** How a request can fail for a client: a status that is not 200, no answer, not in time, nonsense, or never sent because too many were under way. */
export const failureKinds = ['status', 'connection', 'timeout', 'invalid', 'overload'] as const

/** A way to fail. */
export type FailureKind = (typeof failureKinds)[number]

/** What one version has told its users. */
export interface VersionFigures {
  readonly requests: number
  /** Different users it has answered. */
  readonly users: number
  readonly good: number
  readonly spam: number
  /** Good messages it called spam. */
  readonly falsePositives: number
  /** Spam it called good. */
  readonly falseNegatives: number
  /** Of the answers since the report before; null without any. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
}

/** What the clients have seen since the start. */
export interface ClientFigures {
  readonly answered: number
  readonly failed: number
  readonly failures: Readonly<Record<FailureKind, number>>
  /** The first few, in words. */
  readonly failureSamples: readonly string[]
  readonly versions: Readonly<Record<string, VersionFigures>>
}

const keptSamples = 10
/** Answer times kept per version between two reports. */
const keptTimes = 10_000
/** A server that makes up version names must not fill the memory. */
const mostVersions = 64

interface Counts {
  requests: number
  users: number
  good: number
  spam: number
  falsePositives: number
  falseNegatives: number
  timesMs: number[]
}

/** Counts what clients see, in bounded memory. */
export class Tally {
  readonly #failures: Record<FailureKind, number> = { status: 0, connection: 0, timeout: 0, invalid: 0, overload: 0 }
  readonly #samples: string[] = []
  readonly #versions = new Map<string, Counts>()
  #answered = 0

  /** A prediction came back, `ms` after the message was due to be sent. */
  answered(user: User, message: LabelledMessage, prediction: Prediction, ms: number): void {
    this.#answered += 1
    const counts = this.#countsOf(prediction.version)
    counts.requests += 1
    if (!user.versions.has(prediction.version)) {
      user.versions.add(prediction.version)
      counts.users += 1
    }
    const calledSpam = prediction.probability >= spamFrom
    if (message.spam) {
      counts.spam += 1
      if (!calledSpam) counts.falseNegatives += 1
    } else {
      counts.good += 1
      if (calledSpam) counts.falsePositives += 1
    }
    if (counts.timesMs.length < keptTimes) counts.timesMs.push(ms)
  }

  /** A client got no prediction. */
  failed(kind: FailureKind, why: string): void {
    this.#failures[kind] += 1
    if (this.#samples.length < keptSamples) this.#samples.push(`${new Date().toISOString()} ${kind}: ${why}`)
  }

  /** The figures so far; quantiles begin anew. */
  report(): ClientFigures {
    return {
      answered: this.#answered,
      failed: Object.values(this.#failures).reduce((sum, count) => sum + count, 0),
      failures: { ...this.#failures },
      failureSamples: [...this.#samples],
      versions: Object.fromEntries([...this.#versions].map(([version, counts]) => [version, figuresOf(counts)])),
    }
  }

  #countsOf(version: string): Counts {
    const name = this.#versions.has(version) || this.#versions.size < mostVersions ? version : 'others'
    let counts = this.#versions.get(name)
    if (counts === undefined) {
      counts = { requests: 0, users: 0, good: 0, spam: 0, falsePositives: 0, falseNegatives: 0, timesMs: [] }
      this.#versions.set(name, counts)
    }
    return counts
  }
}

function figuresOf(counts: Counts): VersionFigures {
  const { timesMs, ...figures } = counts
  const sorted = timesMs.toSorted((a, b) => a - b)
  counts.timesMs = []
  const quantile = (share: number) => sorted[Math.floor(share * sorted.length)] ?? null
  return { ...figures, p50Ms: quantile(0.5), p95Ms: quantile(0.95) }
}
