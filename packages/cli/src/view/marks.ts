import type { Judgement, MetricReading, Rollout, ServiceStatus } from '@serin/spec'
import type { Paper, Style } from './paper.ts'

/** A sign, its style and its word: never one without the other. */
export interface Mark {
  readonly sign: '●' | '▲' | '■' | '○'
  readonly style: Style
  readonly word: string
}

const marks = {
  safe: { sign: '●', style: 'safe', word: 'safe' },
  undecided: { sign: '▲', style: 'wait', word: 'undecided' },
  harmful: { sign: '■', style: 'harm', word: 'harm' },
} as const satisfies Record<Judgement['verdict'], Mark>

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
  switch (rollout.phase) {
    case 'promoted':
      return { ...marks.safe, word: 'promoted' }
    case 'promoting':
      return { ...marks.safe, word: 'promoting' }
    case 'rolling-back':
    case 'rolled-back':
      // A person who stops a rollout says nothing about harm.
      return rollout.reason === 'harmful' || rollout.reason === 'failed'
        ? { ...marks.harmful, word: rollout.phase }
        : { ...marks.undecided, word: rollout.phase }
    case 'preparing':
    case 'holding':
      return { ...marks.undecided, word: rollout.phase }
    case 'watching':
      return marks[rollout.judgement?.verdict ?? 'undecided']
  }
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
