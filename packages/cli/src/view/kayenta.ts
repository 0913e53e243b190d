import type { KayentaMetricResult, KayentaReading } from '@serin/stats'
import { figure } from './figures.ts'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'

/** What is printed of a judgement by Kayenta's rules. */
export type KayentaResult = Omit<KayentaReading, 'ok'> & { readonly pass: number; readonly marginal: number }

/** A judgement by Kayenta's rules: a line per metric, the groups, the score. */
export function kayentaLines(
  { metrics, groups, score, verdict, failed, pass, marginal }: KayentaResult,
  paper: Paper,
): readonly string[] {
  const style = verdict === 'Pass' ? 'safe' : verdict === 'Fail' ? 'harm' : 'wait'
  const parts = groups.map(
    (group) =>
      `${group.name} ${group.score === null ? 'without data' : Number(group.score.toFixed(2))} (${Number(group.weight.toFixed(2))} %)`,
  )
  return [
    ...table(columns, metrics, paper),
    '',
    `Groups: ${parts.join(', ')}`,
    `Score ${paper.ink('strong', String(score))}: ${paper.ink(style, verdict)} (pass ${pass}, marginal ${marginal}).${failed === null ? '' : ` ${failed}`}`,
    paper.ink('quiet', 'One look at points taken for independent: no correction for looking again.'),
  ]
}

const columns: readonly Column<KayentaMetricResult>[] = [
  { title: 'metric', text: ({ name, muted }) => `${name}${muted ? ' (muted)' : ''}` },
  {
    title: 'label',
    text: ({ label, critical }) => `${label}${critical ? ' (critical)' : ''}`,
    style: ({ label }) => (label === 'Pass' ? 'safe' : label === 'Nodata' ? 'wait' : 'harm'),
  },
  { title: 'groups', drop: 4, text: ({ groups }) => groups.join(', ') },
  { title: 'canary', align: 'right', drop: 2, text: ({ canary }) => valueText(canary.mean) },
  { title: 'stable', align: 'right', drop: 2, text: ({ stable }) => valueText(stable.mean) },
  { title: 'effect', align: 'right', drop: 1, text: ({ effect }) => valueText(effect) },
  { title: 'points', align: 'right', drop: 3, text: ({ canary, stable }) => `${canary.count} / ${stable.count}` },
  { title: 'reason', drop: 5, text: ({ reason }) => reason },
]

function valueText(value: number | null): string {
  return value === null ? '–' : figure(value)
}
