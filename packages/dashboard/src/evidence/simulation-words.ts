import { worldNames, type OutcomeSummary, type SimulationJob } from '@serin/spec'
import { t } from '../live/preferences.ts'
import type { Mark } from '../live/marks.ts'
import { isWord } from '../words/say.ts'

const marks = {
  promoted: { sign: '●', tone: 'safe', word: 'phase.promoted' },
  'rolled-back': { sign: '■', tone: 'harm', word: 'phase.rolled-back' },
  held: { sign: '▲', tone: 'wait', word: 'phase.holding' },
  undecided: { sign: '○', tone: 'quiet', word: 'sim.goesOn' },
} as const satisfies Record<OutcomeSummary['outcome'], Mark>

/** The mark of an outcome: what became of the release, not whether that is right in its world. */
export function outcomeMark(outcome: OutcomeSummary['outcome']): Mark {
  return marks[outcome]
}

/** How releases ended, and why. */
export function endOf({ outcome, reason }: Pick<OutcomeSummary, 'outcome' | 'reason'>): string {
  const word = `reason.${reason}`
  const why = reason === null ? '' : isWord(word) ? t(word, { by: 'serin' }) : reason
  return why === '' ? t(marks[outcome].word) : t('sim.because', { outcome: t(marks[outcome].word), why })
}

/** What a world is called, and what it takes for granted. */
export function worldTitle(world: string): { readonly name: string; readonly about: string } {
  const known = worldNames.find((each) => each === world)
  return known === undefined
    ? { name: world, about: '' }
    : { name: t(`sim.world.${known}`), about: t(`sim.about.${known}`) }
}

/** The command that prints the same, where the release file is. */
export function simulationLine({ service, canary, asked }: SimulationJob, world: string): string {
  const { seeds, seed, hours, requestsPerSecond, errorPercent } = asked
  return [
    `serin simulate ${service} --to ${canary} --world ${/\s/.test(world) ? 'FILE' : world} --seeds ${seeds} --seed ${seed} --hours ${hours}`,
    ...(requestsPerSecond === undefined ? [] : [`--rate ${requestsPerSecond}`]),
    ...(errorPercent === undefined ? [] : [`--errors ${errorPercent}`]),
  ].join(' ')
}
