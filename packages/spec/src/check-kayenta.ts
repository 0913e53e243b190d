import { nearest } from './nearest.ts'
import type { Issue } from './reference-issue.ts'
import type { Service } from './service-file.ts'

/** What the options of the judge `kayenta` cannot say alone: metrics, groups and a strategy that must exist elsewhere in the service. */
export function checkKayenta({ analysis, metrics, strategy }: Service): readonly Issue[] {
  if (analysis.judge !== 'kayenta') return []
  const issues: Issue[] = []
  if (strategy.kind !== 'canary')
    issues.push({
      path: ['analysis', 'judge'],
      message: `This judge gives a verdict per step, and the strategy "${strategy.kind}" has none: use "canary".`,
    })
  const { kayenta } = analysis
  if (kayenta === undefined) return issues
  const known = Object.keys(metrics)
  for (const name of Object.keys(kayenta.metrics).filter((each) => !known.includes(each)))
    issues.push({
      path: ['analysis', 'kayenta', 'metrics', name],
      message: `No metric is called "${name}". Known: ${known.join(', ')}.`,
      ...near(name, known),
    })
  const scored = Object.entries(metrics).filter(
    ([name, { role }]) => !(kayenta.metrics[name]?.muted ?? role === 'monitor'),
  )
  if (scored.length === 0)
    issues.push({ path: ['analysis', 'kayenta', 'metrics'], message: 'Every metric is muted: there is no score.' })
  const groups = [...new Set(scored.flatMap(([name]) => kayenta.metrics[name]?.groups ?? [name]))]
  for (const group of Object.keys(kayenta.groups).filter((each) => !groups.includes(each)))
    issues.push({
      path: ['analysis', 'kayenta', 'groups', group],
      message: `No scored metric is in a group "${group}", so its weight would be lost. Known: ${groups.join(', ')}.`,
      ...near(group, groups),
    })
  const sum = groups.reduce((total, group) => total + (kayenta.groups[group] ?? 0), 0)
  if (groups.length > 0 && groups.every((group) => group in kayenta.groups) && Math.abs(sum - 100) > 1e-6)
    issues.push({
      path: ['analysis', 'kayenta', 'groups'],
      message: `Every group has a weight, and they add up to ${sum} instead of 100: no version could reach that score.`,
    })
  for (const [name, { point }] of Object.entries(kayenta.metrics))
    if (point !== undefined && metrics[name] !== undefined && metrics[name].kind !== 'latency')
      issues.push({
        path: ['analysis', 'kayenta', 'metrics', name, 'point'],
        message: `"point" means nothing to a metric of kind ${metrics[name].kind}, only to latency.`,
      })
  return issues
}

function near(name: string, known: readonly string[]): Pick<Issue, 'nearest'> {
  const found = nearest(name, known)
  return found === undefined ? {} : { nearest: found }
}

/** What should be known of a judge that makes no correction. */
export const uncorrected =
  'This judge makes no correction for looking again. Measured on a harmless version (24 hours at 5 %, 1 % errors, a point a minute, one critical metric), it rolls back 11 % of the time when it looks at every 30 minutes, 3.8 % at every 60, and 49 % at a sliding 30 minutes every minute. The judge "serin" keeps to falseRollback however often it looks.'
