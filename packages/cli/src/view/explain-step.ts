import type { Judgement, Rollout } from '@serin/spec'
import { count, figure, latency, odds } from './figures.ts'
import { gateText } from './gates.ts'
import { aloneMark, markOf, signed } from './marks.ts'
import type { Paper } from './paper.ts'
import { rowLines, type Row } from './rows.ts'

/** The gates of the step in force: passed, asked, to come. */
export function gateLines(rollout: Rollout, paper: Paper): readonly string[] {
  const { step, steps, gate } = rollout
  const gates = step === null ? [] : (steps[step]?.gates ?? [])
  if (gates.length === 0) return []
  const at = gate === null ? gates.length : gates.findIndex(({ name }) => name === gate.name)
  const rows = gates.map(({ name, kind }, i): Row => {
    const what = `${name}${name === kind ? '' : ` (${kind})`}`
    if (i < at) return ['✓ passed', what]
    return i > at || gate === null ? ['· then', what] : ['▸ asked', `${what}: ${gateText(rollout)}`]
  })
  return [`${paper.ink('strong', 'gates')}  one after the other`, ...rowLines(rows, paper)]
}

/** What the answers of copies say. */
export function mirrorLines({ mirror }: Judgement, paper: Paper): readonly string[] {
  if (mirror === undefined) return []
  const { sent, dropped, compared, different, differentStatus, differentBody, interval, failures, harm, safety } =
    mirror
  const most = `at most ${figure(100 * mirror.maxDifferentRatio)} % may differ`
  const rows: readonly Row[] = [
    ['compared', `${count(compared)} of ${count(sent)} copies; ${count(dropped)} were not made for want of room`],
    ['different', `${count(different)}: ${count(differentStatus)} in status, ${count(differentBody)} in body; ${most}`],
    [
      'interval',
      interval === null ? 'none yet' : `between ${figure(100 * interval[0])} and ${figure(100 * interval[1])} % differ`,
    ],
    ['failed', `${count(failures.onlyCanary)} on canary alone, ${count(failures.onlyStable)} on stable alone`],
    ['p95', `${latencyOf(mirror.latency.canary)} on canary, ${latencyOf(mirror.latency.stable)} on stable`],
    ['harm', `${odds(harm.logE)} of ${odds(harm.threshold)}`, harm],
    ['safety', `${odds(safety.logE)} of ${odds(safety.threshold)}`, safety],
  ]
  return [
    `${paper.ink('strong', 'answers')}  of copies  ${signed(markOf(mirror.verdict), paper)}`,
    ...rowLines(rows, paper),
  ]
}

/** What all traffic says against what stable had before. */
export function aloneLines({ alone }: Judgement, paper: Paper): readonly string[] {
  if (alone === undefined) return []
  const rows: readonly Row[] = [
    [
      'failing',
      alone.percent === null ? 'nothing yet' : `${figure(alone.percent)} % of ${count(alone.requests)} requests`,
    ],
    ['limit', `${figure(alone.limitPercent)} %: what stable had failing at most, and the margin`],
    ['harm', `${odds(alone.logE)} of ${odds(alone.threshold)}`, alone],
  ]
  return [
    `${paper.ink('strong', 'all traffic')}  against before  ${signed(aloneMark(alone), paper)}`,
    ...rowLines(rows, paper),
  ]
}

function latencyOf(side: { readonly p95Ms: number } | null): string {
  return side === null ? 'not known' : latency(side.p95Ms)
}
