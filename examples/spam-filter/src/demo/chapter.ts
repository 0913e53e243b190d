import { setTimeout as sleep } from 'node:timers/promises'
import { trailWith, type Snapshot } from '@serin/cli/view'
import type { Rollout, RolloutPoint } from '@serin/spec'
import type { TrafficReport } from '../traffic/generator.ts'
import { lastRequestTo } from './access-log.ts'
import { service, StageFailure, type Stage } from './stage.ts'

/** A version that is released in the demo, and what becomes of it. */
export interface Chapter {
  readonly version: string
  readonly title: string
  readonly expected: 'promoted' | 'rolled-back'
}

/** The story: a bad version, a slow one, a better one. */
export const chapters: readonly Chapter[] = [
  {
    version: 'v2',
    title: 'trained on a skewed sample. Its own unit test is content with it.',
    expected: 'rolled-back',
  },
  {
    version: 'v2b',
    title: 'as accurate as it should be, but slow when a message is long.',
    expected: 'rolled-back',
  },
  { version: 'v3', title: 'better than v1.', expected: 'promoted' },
]

/** How a release went. */
export interface Result {
  readonly chapter: Chapter
  readonly rollout: Rollout
  /** From its first request to the deciding evidence. */
  readonly secondsToVerdict: number
  /** From the deciding evidence to the last request that reached the version left behind, by the gateway’s own log. */
  readonly switchMs: number
  /** Requests that failed for the clients during the release, counted by them. */
  readonly failures: number
  /** Share of right answers of the version that served before, and of the one that serves now, as the clients know it, in percent. */
  readonly accuracyBefore: number | null
  readonly accuracyAfter: number | null
}

const pollMs = 250
const drainMs = 1_000

/** Releases the version of a chapter and follows it to its end; `shown` sees it a few times a second. */
export async function play(
  chapter: Chapter,
  { client, traffic, accessLog }: Stage,
  shown: (snapshot: Snapshot, report: TrafficReport | null) => void,
  signal: AbortSignal,
): Promise<Result> {
  const before = traffic.latest()
  const { stable } = await client.getService({ service })
  const { id } = await client.release({ service, to: chapter.version, why: chapter.title })
  let trail: readonly RolloutPoint[] = []
  for (;;) {
    signal.throwIfAborted()
    const [status, { entries }] = await Promise.all([
      client.getService({ service }),
      client.journal({ newest: 'true', limit: 200 }),
    ])
    const now = Date.now()
    const about = entries.filter(({ stream }) => stream === `rollout/${id}` || stream === `service/${service}`)
    if (status.rollout?.id === id) trail = trailWith(trail, status)
    shown({ status, journal: about.toReversed().slice(-20), trail, now, heardAt: now }, traffic.latest())
    if (status.rollout?.id !== id) throw new StageFailure(`Another rollout has taken the place of ${id}.`)
    const { endedAt, phase, reason, sentence } = status.rollout
    if (endedAt !== null) break
    if (phase === 'holding' && reason === 'deadline') throw new StageFailure(sentence)
    await sleep(pollMs)
  }
  // What is in flight is logged when it ends.
  await sleep(drainMs)
  const rollout = await client.getRollout({ rollout: id })
  const decidedAt = rollout.decidedAt ?? rollout.startedAt
  const left = rollout.phase === 'promoted' ? stable : chapter.version
  const after = traffic.latest()
  return {
    chapter,
    rollout,
    secondsToVerdict: (decidedAt - (rollout.firstTrafficAt ?? decidedAt)) / 1_000,
    switchMs: Math.max(0, ((await lastRequestTo(left, accessLog)) ?? decidedAt) - decidedAt),
    failures: (after?.failed ?? 0) - (before?.failed ?? 0),
    accuracyBefore: accuracyOf(stable, after),
    accuracyAfter: accuracyOf(rollout.phase === 'promoted' ? chapter.version : stable, after),
  }
}

function accuracyOf(version: string, report: TrafficReport | null): number | null {
  const figures = report?.versions[version]
  if (figures === undefined || figures.requests === 0) return null
  return 100 * (1 - (figures.falsePositives + figures.falseNegatives) / figures.requests)
}
