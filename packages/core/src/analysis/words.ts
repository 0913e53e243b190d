import { formatWeight, judgedSaid, sentenceOf, type Judgement, type Looking } from '@serin/spec'
import { kayentaSentence } from './kayenta/judgement.ts'

/** The whole judgement in one sentence: what is decided and by what, or what is still missing. */
export function judgementSentence(judgement: Omit<Judgement, 'sentence'>, looking: Looking = {}): string {
  const { kayenta, verdict, health, forWeightBp } = judgement
  if (kayenta !== undefined && (verdict !== 'undecided' || health === 'ok'))
    return kayentaSentence(kayenta, formatWeight(forWeightBp))
  return sentenceOf(judgedSaid(judgement, looking))
}
