import type { Rollout } from '@serin/spec'
import { duration, weight } from '../figures.ts'
import type { WordKey } from '../words/en.ts'
import type { Gaps, Language } from '../words/say.ts'

/** What a rollout does next, in words, and how long that likely takes. */
export interface Next {
  readonly key: WordKey
  readonly gaps: Gaps
  readonly likelyMs: number | null
}

/** The next move of a rollout, and what it waits for. */
export function nextOf(rollout: Rollout, language: Language): Next {
  const { phase, step, steps, gate, evidenceMs, judgement } = rollout
  const at = step === null ? undefined : steps[step]
  const next = weight((step === null ? steps[0] : steps[step + 1])?.weightBp ?? 10_000)
  const plain = (key: WordKey): Next => ({ key, gaps: { weight: next }, likelyMs: null })
  switch (phase) {
    case 'preparing':
      return { ...plain('stairs.nextReady'), gaps: { weight: weight(steps[0]?.weightBp ?? 10_000) } }
    case 'promoting':
      return plain('stairs.nextAll')
    case 'rolling-back':
      return plain('stairs.nextBack')
    case 'promoted':
    case 'rolled-back':
      return plain('stairs.nextNone')
    case 'holding':
      return plain(rollout.reason === 'pause-step' ? 'stairs.nextYou' : 'stairs.nextHeld')
    case 'watching': {
      if (gate !== null) return { ...plain('stairs.nextGate'), gaps: { weight: next, gate: gate.name } }
      const hold = at?.holdMs ?? 0
      if (evidenceMs < hold)
        return {
          key: 'stairs.nextHold',
          gaps: { weight: next, counted: duration(evidenceMs, language), hold: duration(hold, language) },
          likelyMs: null,
        }
      return { ...plain('stairs.nextSafe'), likelyMs: judgement?.next?.safeMs ?? null }
    }
  }
}
