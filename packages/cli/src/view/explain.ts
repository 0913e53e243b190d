import { formatWeight, type Judgement, type KayentaJudgement, type MetricReading, type Rollout } from '@serin/spec'
import { armLines } from './arms.ts'
import { age, count, figure, odds } from './figures.ts'
import { judgementShown, withUnit } from './evidence.ts'
import { aloneLines, gateLines, mirrorLines } from './explain-step.ts'
import { markOf, signed } from './marks.ts'
import { outlookText } from './outlook.ts'
import type { Paper } from './paper.ts'
import { rowLines, type Row } from './rows.ts'
import { sliceLines } from './slices.ts'
import { cleanText, wrapText } from './text.ts'
import { isOpen } from './versions.ts'

/** Why a rollout is where it is: one paragraph with numbers, then what each metric says and what is missing. */
export function explainLines(rollout: Rollout, paper: Paper): readonly string[] {
  const judgement = judgementShown(rollout)
  const parts = [
    gateLines(rollout, paper),
    ...(judgement?.metrics ?? []).map((reading) => metricLines(reading, rollout, paper)),
    ...(judgement === null ? [] : [mirrorLines(judgement, paper), aloneLines(judgement, paper)]),
  ]
  const slices = sliceLines(rollout, paper)
  const arms = armLines(rollout, paper)
  return [
    ...wrapText(cleanText(explainText(rollout)), paper.width),
    ...parts.filter((lines) => lines.length > 0).flatMap((lines) => ['', ...lines]),
    ...(arms.length === 0 ? [] : ['', ...arms]),
    ...(slices.length === 0 ? [] : ['', ...slices]),
  ]
}

/** The paragraph alone. */
export function explainText(rollout: Rollout): string {
  const judgement = judgementShown(rollout)
  return [
    rollout.sentence,
    whereText(rollout),
    ...(rollout.strategy === 'instant'
      ? []
      : judgement === null
        ? [
            rollout.step === null || rollout.judgement === null
              ? 'There is no evidence yet: it starts with the first traffic.'
              : `No evidence is asked for in this step: ${rollout.canary} gets no requests.`,
          ]
        : [evidenceText(judgement, rollout), splitText(judgement), isOpen(rollout) ? outlookText(judgement) : '']),
    ...endText(rollout),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function whereText({
  id,
  service,
  stable,
  canary,
  steps,
  step,
  askedBp,
  inForceBp,
  strategy,
  attempt,
}: Rollout): string {
  const what = `${id} moves ${service} from ${stable} to ${canary}${attempt > 1 ? ` (attempt ${attempt})` : ''}`
  if (strategy === 'instant') return `${what} at once: it was stable before, so nothing has to be proved.`
  if (step === null) return `${what} in ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}.`
  const observed =
    inForceBp === null || inForceBp === askedBp ? '' : `, of which ${formatWeight(inForceBp)} is in force`
  return `${what}; it is at step ${step + 1} of ${steps.length} with ${formatWeight(askedBp)} asked${observed}.`
}

function evidenceText(judgement: Judgement, rollout: Rollout): string {
  const { harm, units, kayenta } = judgement
  const led = harm.leading === null || harm.logE <= 0 ? '' : ` (most of it from ${harm.leading})`
  const seen = `${count(units.canary)} ${units.canary === 1 ? 'unit has' : 'units have'} seen ${rollout.canary}, ${count(units.stable)} ${rollout.stable}.`
  const against = `The evidence for harm is ${odds(harm.logE)}${led}; ${odds(harm.threshold)} rolls back.`
  const said = rollout.sentence.includes(judgement.sentence) ? '' : judgement.sentence
  if (kayenta !== undefined) return [said, seen, kayentaText(kayenta)].filter((part) => part !== '').join(' ')
  return [said, seen, against, towardsText(judgement, rollout)].filter((part) => part !== '').join(' ')
}

/** What the step waits for, as far as evidence goes. */
function towardsText(judgement: Judgement, { canary, step, steps }: Rollout): string {
  const { verdict, metrics, forWeightBp, goal, mirror } = judgement
  const here = step === null ? undefined : steps[step]
  if (verdict === 'harmful' || here === undefined) return ''
  if (here.passes === 'no-harm') return 'Nothing has to be proved in this step: it goes on unless harm is seen.'
  // With no share there are only the answers of copies.
  if (here.weightBp === 0 && mirror !== undefined)
    return `The answers need evidence of ${odds(mirror.safety.threshold)} that few enough differ; it is ${odds(mirror.safety.logE)}.`
  const better =
    goal === undefined || here.passes !== 'decided'
      ? ''
      : ` It also has to be better at ${goal.metric}: ${odds(goal.threshold)} decides, it is ${odds(goal.logE)}.`
  const open = metrics.filter((reading) => reading.role === 'guardrail' && reading.verdict !== 'safe')
  const first = open[0]
  return first === undefined
    ? `Every guardrail has shown that ${canary} is safe for ${formatWeight(forWeightBp)}.${better}`
    : `Before ${formatWeight(forWeightBp)} each guardrail needs evidence of ${odds(first.safety.threshold)} that the worsening is acceptable; ${open.map((reading) => `${reading.name} has ${odds(reading.safety.logE)}`).join(', ')}.${better}`
}

/** Groups with their weights, and that nothing else decides. */
function kayentaText({ groups, looks }: KayentaJudgement): string {
  const scores = groups.map(
    ({ name, score, weight }) =>
      `${name} ${score === null ? 'without data' : Number(score.toFixed(2))} (${Number(weight.toFixed(2))} %)`,
  )
  const of = scores.length === 0 ? '' : `Groups: ${scores.join(', ')}. `
  return `${of}Kayenta’s score decides, looked at ${looks} ${looks === 1 ? 'time' : 'times'} in this step; the evidence below is only shown.`
}

function splitText({ srm, health }: Judgement): string {
  if (health === 'sample-ratio-mismatch' || srm.logE >= srm.threshold)
    return `The observed split does not fit the asked one (${odds(srm.logE)}), so nothing is decided.`
  return 'The observed split fits the asked one.'
}

function endText(rollout: Rollout): readonly string[] {
  const { decidedAt, firstTrafficAt, lastCanaryRequestAt, exposedUnits, exposedRequests, canary, phase } = rollout
  if (isOpen(rollout) || rollout.strategy === 'instant') return []
  const took =
    decidedAt === null || firstTrafficAt === null
      ? []
      : [`It was decided ${age(decidedAt - firstTrafficAt)} after the first traffic.`]
  const exposed =
    exposedRequests === 0
      ? `No user has seen ${canary}.`
      : `${count(exposedUnits)} ${exposedUnits === 1 ? 'unit was' : 'units were'} exposed to ${canary}, with ${count(exposedRequests)} requests.`
  const last =
    phase !== 'rolled-back' || decidedAt === null || lastCanaryRequestAt === null
      ? []
      : [
          lastCanaryRequestAt <= decidedAt
            ? 'No request reached it after the decision.'
            : `The last request reached it ${((lastCanaryRequestAt - decidedAt) / 1_000).toFixed(1)} s after the decision.`,
        ]
  return [...took, exposed, ...last]
}

function metricLines(reading: MetricReading, rollout: Rollout, paper: Paper): readonly string[] {
  const { name, role, kind, verdict } = reading
  const what = name === kind ? role : `${kind} ${role}`
  const title = `${paper.ink('strong', name)}  ${what}  ${signed(markOf(verdict), paper)}`
  return [title, ...rowLines(rowsOf(reading, rollout), paper)]
}

function rowsOf(reading: MetricReading, { stable, canary, judgement }: Rollout): readonly Row[] {
  const { counts, harm, safety, missing, allowed, unit, cut, quantileMs, exact } = reading
  const pair = (v: 'stable' | 'canary', version: string) => `${valueOf(reading, v)} on ${version}`
  const latencyRow: readonly Row[] =
    cut == null
      ? []
      : [
          [
            `p${Number((cut.quantile * 100).toFixed(1))}`,
            `${msText(quantileMs?.canary)} on ${canary}, ${msText(quantileMs?.stable)} on ${stable}; before the rollout ${cut.cutMs.toFixed(1)} ms: what is slower than that is compared`,
          ],
        ]
  const scored = judgement?.kayenta?.metrics.find(({ name }) => name === reading.name)
  const events = (own: number, all: number) =>
    reading.kind === 'generation' ? count(all) : `${count(own)} of ${count(all)}`
  return [
    ...(scored === undefined ? [] : [kayentaRow(scored, { stable, canary })]),
    ['estimate', `${pair('canary', canary)}, ${pair('stable', stable)}${differenceText(reading)}`],
    ...latencyRow,
    ['interval', intervalSentence(reading)],
    [
      'counts',
      `${events(counts.canaryEvents, counts.canary)} on ${canary}, ${events(counts.stableEvents, counts.stable)} on ${stable}`,
    ],
    ['allowed', allowed === null ? 'not known yet' : `up to ${pointsText(allowed, unit)} worse at the next step`],
    ['harm', `${odds(harm.logE)} of ${odds(harm.threshold)}`, harm],
    [
      'safety',
      `${odds(safety.logE)} of ${odds(safety.threshold)} for ${formatWeight(judgement?.forWeightBp ?? 10_000)}`,
      safety,
    ],
    ...goalRow(reading, judgement?.goal),
    ['missing', scored === undefined ? missingText(reading, missing) : missing.join('; ') || 'nothing'],
    [
      'guarantee',
      judgement?.kayenta !== undefined
        ? 'none: Kayenta’s judge makes no correction for looking again'
        : exact
          ? 'exact, however often one looks'
          : 'asymptotic: it holds for many units, however often one looks',
    ],
  ]
}

function goalRow({ name }: MetricReading, goal: Judgement['goal']): readonly Row[] {
  if (goal?.metric !== name) return []
  return [
    [
      'better',
      `${odds(goal.logE)} of ${odds(goal.threshold)}; given up after ${count(goal.maxUnits)} units, there are ${count(goal.units)}`,
      goal,
    ],
  ]
}

function kayentaRow(
  { label, critical, muted, groups, effect, count: points, reason }: KayentaJudgement['metrics'][number],
  { stable, canary }: Pick<Rollout, 'stable' | 'canary'>,
): Row {
  const marks = [critical ? 'critical' : '', muted ? 'muted' : ''].filter((mark) => mark !== '').join(', ')
  const of = effect === null ? '' : `; effect ${figure(effect)}`
  return [
    'kayenta',
    `${label}${marks === '' ? '' : ` (${marks})`} in ${groups.join(', ')}: ${reason.replace(/\.$/, '')}${of}; ${count(points.canary)} points of ${canary}, ${count(points.stable)} of ${stable}`,
  ]
}

function missingText({ verdict, safety, role }: MetricReading, missing: readonly string[]): string {
  if (missing.length > 0) return missing.join('; ')
  if (verdict !== 'undecided') return 'nothing'
  return role === 'monitor'
    ? 'nothing: a monitor decides nothing'
    : `evidence for safety: ${odds(safety.threshold)} is needed`
}

function valueOf(reading: MetricReading, version: 'stable' | 'canary'): string {
  const value = reading[version]
  if (value === null) return 'nothing yet'
  return `${withUnit(value, reading.unit)}${reading.kind === 'latency' ? ' slow' : ''}`
}

function differenceText({ difference, unit }: MetricReading): string {
  if (difference === null) return ''
  return difference === 0
    ? '; no difference'
    : `; ${pointsText(Math.abs(difference), unit)} ${difference < 0 ? 'lower' : 'higher'}`
}

function intervalSentence({ interval, intervalOf, unit }: MetricReading): string {
  if (interval === null) return 'none yet'
  const [low, high] = interval
  if (intervalOf === 'ratio')
    return `canary/stable between ${low === null ? '0' : figure(low)} and ${high === null ? 'any number' : figure(high)}`
  const side = (value: number | null, none: string) => (value === null ? none : pointsText(value, unit))
  return `difference between ${side(low, 'any')} and ${side(high, 'any')}`
}

function pointsText(value: number, unit: MetricReading['unit']): string {
  return unit === 'percent' ? `${figure(value)} points` : unit === 'ms' ? `${figure(value)} ms` : figure(value)
}

function msText(value: number | null | undefined): string {
  return value == null ? 'not known' : `${value.toFixed(1)} ms`
}
