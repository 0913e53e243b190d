import type { Judgement, MetricReading, Rollout, ServiceStatus } from '@serin/spec'
import { standingOf, standings } from '@serin/dashboard/pictures'
import type { Paper, Style } from './paper.ts'

/** A sign, its style and its word: never one without the other. */
export interface Mark {
  readonly sign: '●' | '▲' | '■' | '○'
  readonly style: Style
  readonly word: string
}

const marks = {
  safe: markFrom('safe', 'safe'),
  undecided: markFrom('undecided', 'undecided'),
  harmful: markFrom('harmful', 'harm'),
} as const satisfies Record<Judgement['verdict'], Mark>

function markFrom(standing: Judgement['verdict'], word: string): Mark {
  const { sign, tone } = standings[standing]
  return { sign, style: tone, word }
}

/** The mark of a verdict. */
export function markOf(verdict: MetricReading['verdict']): Mark {
  return marks[verdict]
}

/** The mark of all traffic against before: it may show harm, and never safety. */
export function aloneMark({ logE, threshold }: NonNullable<Judgement['alone']>): Mark {
  return logE >= threshold ? marks.harmful : { sign: '○', style: 'quiet', word: 'no harm' }
}

/** The mark of a rollout: is it all right? */
export function rolloutMark(rollout: Rollout): Mark {
  const mark = marks[standingOf(rollout)]
  return rollout.phase === 'watching' ? mark : { ...mark, word: rollout.phase }
}

/** The mark of a service: trouble first, then its rollout. */
export function serviceMark({ trouble, rollout }: ServiceStatus): Mark {
  if (trouble.length > 0) return { ...marks.harmful, word: 'trouble' }
  return rollout === null ? marks.safe : rolloutMark(rollout)
}

/** The sign alone, in its colour. */
export function signOf({ sign, style }: Mark, paper: Paper): string {
  return paper.ink(style, sign)
}

/** Sign and word. */
export function signed({ sign, style, word }: Mark, paper: Paper): string {
  return paper.ink(style, `${sign} ${word}`)
}
