import { formatDuration, type Rollout } from '@serin/spec'
import { bar } from './bar.ts'
import { weight } from './figures.ts'
import { saysOf } from './gates.ts'
import type { Paper } from './paper.ts'

/** Steps shown at once; the current one is among them. */
const shown = 8

interface Stair {
  readonly weightBp: number
  readonly state: 'done' | 'now' | 'stopped' | 'ahead'
  readonly note: string
}

/** The steps as a stair, the current one marked, each as wide as its share. */
export function stairLines(rollout: Rollout, paper: Paper): readonly string[] {
  const stairs = stairsOf(rollout)
  const at = Math.max(
    0,
    stairs.findIndex(({ state }) => state === 'now' || state === 'stopped'),
  )
  const from = Math.max(0, Math.min(at - 3, stairs.length - shown))
  const window = stairs.slice(from, from + shown)
  const width = Math.max(10, Math.min(40, paper.width - 46))
  const before = from > 0 ? [paper.ink('quiet', `     … ${from} done before`)] : []
  const after = stairs.length - from - window.length
  return [
    ...before,
    ...window.map((stair) => stairLine(stair, width, paper)),
    ...(after > 0 ? [paper.ink('quiet', `     … ${after} more`)] : []),
  ]
}

const signs = { done: '✓', now: '▶', stopped: '■', ahead: ' ' } as const

function stairLine({ weightBp, state, note }: Stair, width: number, paper: Paper): string {
  const length = weightBp === 0 ? 0 : Math.max(1, Math.round((weightBp / 10_000) * width))
  const { filled } = bar(1, length)
  const stair =
    state === 'ahead' || state === 'stopped' ? paper.ink('quiet', '·'.repeat(length)) : paper.ink('canary', filled)
  const share = weight(weightBp).padStart(8)
  const sign = state === 'ahead' ? ' ' : paper.ink(state === 'stopped' ? 'harm' : 'canary', signs[state])
  const space = note === '' ? '' : ' '.repeat(width - length + 2)
  return `${sign}${state === 'now' ? paper.ink('strong', share) : share}  ${stair}${space}${note}`
}

function stairsOf(rollout: Rollout): readonly Stair[] {
  const { steps, phase, step } = rollout
  const stoppedAt = whereItStopped(rollout)
  const stairs = steps.map((one, i): Stair => {
    const { weightBp } = one
    const here = step === i && (phase === 'watching' || phase === 'holding')
    const state = here ? 'now' : stoppedAt === i ? 'stopped' : isPassed(rollout, i, stoppedAt) ? 'done' : 'ahead'
    const note = here ? noteOf(rollout) : stoppedAt === i ? 'stopped here' : ''
    return { weightBp, state, note: [titleOf(one), note].filter((part) => part !== '').join(': ') }
  })
  const last: Stair =
    phase === 'promoting'
      ? { weightBp: 10_000, state: 'now', note: 'being promoted' }
      : { weightBp: 10_000, state: phase === 'promoted' ? 'done' : 'ahead', note: '' }
  // A plan that ends with all traffic shows its last step, not another one like it.
  return steps.at(-1)?.weightBp === 10_000 && phase !== 'promoting' && phase !== 'promoted' ? stairs : [...stairs, last]
}

function isPassed({ phase, step }: Rollout, i: number, stoppedAt: number | null): boolean {
  if (phase === 'promoting' || phase === 'promoted') return true
  return i < (step ?? stoppedAt ?? 0)
}

/** A rollout that went back no longer says its step; the share its last judgement was about is that of the step after it. */
function whereItStopped({ phase, steps, judgement, firstTrafficAt }: Rollout): number | null {
  if ((phase !== 'rolling-back' && phase !== 'rolled-back') || judgement === null || firstTrafficAt === null)
    return null
  const at = steps.findIndex((_, i) => (steps[i + 1]?.weightBp ?? 10_000) === judgement.forWeightBp)
  return at < 0 ? null : at
}

/** What a step is besides its share. */
function titleOf({ name, fromBp, mirrorBp, gates = [] }: Rollout['steps'][number]): string {
  return [
    name ?? '',
    fromBp === undefined ? '' : 'evenly',
    mirrorBp === undefined || name === 'shadow' ? '' : `${weight(mirrorBp)} copied`,
    gates.length === 0 ? '' : gates.map((gate) => gate.name).join(' → '),
  ]
    .filter((part) => part !== '')
    .join(', ')
}

function noteOf(rollout: Rollout): string {
  const { phase, steps, step, evidenceMs, by, gate } = rollout
  const plan = steps[step ?? 0]
  const hold = plan?.holdMs ?? 0
  const counted = formatDuration(Math.round(Math.min(evidenceMs, hold) / 1_000) * 1_000).replace(/^0ms$/, '0s')
  const quiet = plan?.weightBp === 0 && plan.mirrorBp === undefined
  const proof = plan?.passes === 'decided' ? 'until it is decided' : quiet ? '' : 'as soon as it is safe'
  const time = hold > 0 ? `${counted} of ${formatDuration(hold)} with evidence` : proof
  if (phase === 'holding') return `held by ${by ?? 'somebody'}`
  if (gate !== null) return [time, `waits for ${gate.name} (${saysOf(gate)})`].filter((part) => part !== '').join(', ')
  return plan?.pause === true ? `${time}, then waits for you` : time
}
