import { formatDuration, type Rollout } from '@serin/spec'
import { bar } from './bar.ts'
import { weight } from './figures.ts'
import { gateText } from './gates.ts'
import type { Paper } from './paper.ts'
import { cleanText, textWidth } from './text.ts'

/** Steps shown at once; the current one is among them. */
const shown = 8
/** Gates of the current step shown at once; the one that is asked is among them. */
const shownGates = 4
/** Sign, share and the spaces around the stair. */
const margin = 14

type Step = Rollout['steps'][number]

interface Stair {
  readonly weightBp: number
  /** How much of it canary has: less than all while it grows evenly, or waits for copies. */
  readonly hasBp: number
  readonly state: 'done' | 'now' | 'stopped' | 'ahead'
  readonly note: string
  /** Under the current step: its gates. */
  readonly under: readonly string[]
}

/** The steps as a stair, the current one marked, each as wide as its share; under the current one its gates. */
export function stairLines(rollout: Rollout, paper: Paper): readonly string[] {
  const stairs = stairsOf(rollout)
  const at = Math.max(
    0,
    stairs.findIndex(({ state }) => state === 'now' || state === 'stopped'),
  )
  const from = Math.max(0, Math.min(at - 3, stairs.length - shown))
  const window = stairs.slice(from, from + shown)
  const before = from > 0 ? [paper.ink('quiet', `     … ${from} done before`)] : []
  const after = stairs.length - from - window.length
  return [
    ...before,
    ...window.flatMap((stair) => [stairLine(stair, stairWidth(window, paper), paper), ...gateLines(stair, paper)]),
    ...(after > 0 ? [paper.ink('quiet', `     … ${after} more`)] : []),
  ]
}

/** Stairs give way to long notes, down to a third of what there is. */
function stairWidth(stairs: readonly Stair[], { width }: Paper): number {
  const longest = Math.max(...stairs.map(({ note }) => textWidth(note)))
  return Math.max(10, Math.min(40, width - 46, Math.max(width - margin - longest, Math.round(width / 5))))
}

const signs = { done: '✓', now: '▶', stopped: '■', ahead: ' ' } as const

function stairLine({ weightBp, hasBp, state, note }: Stair, width: number, paper: Paper): string {
  const length = weightBp === 0 ? 0 : Math.max(1, Math.round((weightBp / 10_000) * width))
  const { filled, rest } = bar(weightBp === 0 ? 0 : hasBp / weightBp, length)
  const stair = `${paper.ink('canary', filled)}${paper.ink('quiet', rest)}`
  const share = weight(weightBp).padStart(8)
  const sign = state === 'ahead' ? ' ' : paper.ink(state === 'stopped' ? 'harm' : 'canary', signs[state])
  const space = note === '' ? '' : ' '.repeat(width - length + 2)
  return `${sign}${state === 'now' ? paper.ink('strong', share) : share}  ${stair}${space}${note}`
}

function gateLines({ under }: Stair, paper: Paper): readonly string[] {
  return under.map((line) => `${' '.repeat(11)}${line.startsWith('▸') ? line : paper.ink('quiet', line)}`)
}

function stairsOf(rollout: Rollout): readonly Stair[] {
  const { steps, phase, step } = rollout
  const stoppedAt = whereItStopped(rollout)
  const stairs = steps.map((one, i): Stair => {
    const { weightBp } = one
    const here = step === i && (phase === 'watching' || phase === 'holding')
    const state = here ? 'now' : stoppedAt === i ? 'stopped' : isPassed(rollout, i, stoppedAt) ? 'done' : 'ahead'
    const note = here ? noteOf(rollout) : stoppedAt === i ? 'stopped here' : state === 'ahead' ? aheadOf(one) : ''
    const isOn = state === 'now' || state === 'done'
    const title = here ? [...titleOf({ ...one, holdMs: 0 }), ...copiesOf(one)] : titleOf(one)
    return {
      weightBp,
      hasBp: here ? Math.min(weightBp, hasBpOf(rollout)) : isOn ? weightBp : 0,
      state,
      note: [title.join(', '), note].filter((part) => part !== '').join(': '),
      under: here ? gatesUnder(rollout, one) : [],
    }
  })
  const last: Stair =
    phase === 'promoting'
      ? { weightBp: 10_000, hasBp: 10_000, state: 'now', note: 'being promoted', under: [] }
      : {
          weightBp: 10_000,
          hasBp: phase === 'promoted' ? 10_000 : 0,
          state: phase === 'promoted' ? 'done' : 'ahead',
          note: '',
          under: [],
        }
  // A plan that ends with all traffic shows its last step, not another one like it.
  return steps.at(-1)?.weightBp === 10_000 && phase !== 'promoting' ? stairs : [...stairs, last]
}

/** The share of an experiment is divided among its challengers. */
function hasBpOf({ askedBp, rivals }: Rollout): number {
  return rivals.reduce((sum, rival) => sum + rival.askedBp, askedBp)
}

function isPassed({ phase, step }: Rollout, i: number, stoppedAt: number | null): boolean {
  if (phase === 'promoting' || phase === 'promoted') return true
  return i < (step ?? stoppedAt ?? 0)
}

/** A rollout that went back no longer says its step; the share its last judgement was about is that of the step after it. */
function whereItStopped({ phase, steps, judgement, firstTrafficAt }: Rollout): number | null {
  if ((phase !== 'rolling-back' && phase !== 'rolled-back') || judgement === null || firstTrafficAt === null)
    return null
  const isAll = ({ weightBp }: Step): boolean => weightBp === 10_000
  const at =
    judgement.alone === undefined
      ? steps.findIndex((one, i) => !isAll(one) && (steps[i + 1]?.weightBp ?? 10_000) === judgement.forWeightBp)
      : steps.findLastIndex((one) => isAll(one))
  return at < 0 ? null : at
}

/** What a step is besides its share. */
function titleOf({ name, fromBp, holdMs, mirrorBp }: Step): readonly string[] {
  return [
    `${cleanText(name ?? '')}${isBatch(name) ? ' copies' : ''}`,
    fromBp === undefined ? '' : `from ${weight(fromBp)} evenly${holdMs === 0 ? '' : ` over ${formatDuration(holdMs)}`}`,
    // A step of that name says so already.
    mirrorBp === undefined || (name === 'shadow' && mirrorBp === 10_000) ? '' : `${weight(mirrorBp)} copied`,
  ].filter((part) => part !== '')
}

/** How many copies of canary run during a step, where it says so. */
function copiesOf({ name, canaryReplicas }: Step): readonly string[] {
  if (canaryReplicas === undefined || isBatch(name)) return []
  return [`${canaryReplicas} ${canaryReplicas === 1 ? 'copy' : 'copies'}`]
}

/** Rolling calls its steps by their copies. */
function isBatch(name: string | undefined): boolean {
  return /^\d+ of \d+$/.test(name ?? '')
}

/** What a step will ask for that its share does not show. */
function aheadOf({ gates = [], pause }: Step): string {
  const asks = [...gates.map(({ name }) => cleanText(name)), ...(pause ? ['you'] : [])]
  return asks.length === 0 ? '' : `waits for ${asks.join(', ')}`
}

/** The gates of the current step: done, asked, still to come. */
function gatesUnder(rollout: Rollout, { gates = [] }: Step): readonly string[] {
  const { gate } = rollout
  const at = gate === null ? gates.length : gates.findIndex(({ name }) => name === gate.name)
  const from = Math.max(0, Math.min(at - 1, gates.length - shownGates))
  return gates.slice(from, from + shownGates).map(({ name, kind }, i) => {
    const what = `${cleanText(name)}${name === kind ? '' : ` (${kind})`}`
    if (from + i < at) return `✓ ${what}`
    if (from + i > at || gate === null) return `· ${what}`
    return `▸ ${what}: ${gateText(rollout)}`
  })
}

function noteOf(rollout: Rollout): string {
  const { phase, steps, step, evidenceMs, gate, askedBp } = rollout
  const plan = steps[step ?? 0]
  if (phase === 'holding') return heldText(rollout)
  if (plan?.canaryReplicas !== undefined && plan.fromBp === undefined && askedBp < plan.weightBp)
    return 'waits for its copies'
  const hold = plan?.holdMs ?? 0
  const counted = formatDuration(Math.round(Math.min(evidenceMs, hold) / 1_000) * 1_000).replace(/^0ms$/, '0s')
  const quiet = plan?.weightBp === 0 && plan.mirrorBp === undefined
  const proof =
    plan?.passes === 'decided'
      ? 'until it is decided'
      : plan?.passes === 'no-harm' || quiet
        ? ''
        : 'as soon as it is safe'
  const timed = hold > 0 && (evidenceMs < hold || proof === '')
  const time = timed ? `${counted} of ${formatDuration(hold)} with evidence` : proof
  const then = gate === null && plan?.pause === true ? 'then waits for you' : ''
  return [time, then].filter((part) => part !== '').join(', ')
}

function heldText({ reason, by }: Rollout): string {
  switch (reason) {
    case 'pause-step':
      return 'waits for you'
    case 'gate':
      return 'held, a gate has failed'
    case 'no-evidence':
      return 'held, evidence is missing'
    case 'deadline':
      return 'held, it took too long'
    default:
      return `held by ${cleanText(by ?? 'somebody')}`
  }
}
