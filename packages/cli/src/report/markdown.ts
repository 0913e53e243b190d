import { explainText } from '../view/explain.ts'
import { tileLines } from '../view/tiles.ts'
import { journalWords } from '../view/journal-words.ts'
import { rolloutMark } from '../view/marks.ts'
import { createPaper } from '../view/paper.ts'
import { stairLines } from '../view/stairs.ts'
import { escapeMarkdown } from './escape.ts'
import { commandsOf, factsOf, readingCells, readingTitles, toldOf } from './facts.ts'
import { instant, type Report } from './report.ts'

/** A report for a pull request: the pictures are characters, because such pages take no others. */
export function reportMarkdown(report: Report): string {
  const { rollout, points } = report
  const { judgement } = rollout
  const paper = createPaper({ width: 96 })
  const lines = [
    `## ${rolloutMark(rollout).sign} ${escapeMarkdown(`${rollout.id}: ${rollout.sentence}`)}`,
    '',
    ...table(['', ''], factsOf(report)),
    '',
    ...block(stairLines(rollout, paper)),
    ...(judgement === null
      ? []
      : [
          '',
          `**Evidence.** ${escapeMarkdown(judgement.sentence)}`,
          '',
          ...table(readingTitles, judgement.metrics.map(readingCells)),
          ...(points.length < 2 ? [] : ['', ...block(tileLines(judgement, points, paper))]),
        ]),
    '',
    `**Why.** ${escapeMarkdown(explainText(rollout))}`,
    '',
    '**Who did what**',
    '',
    ...table(
      ['Time', 'Who', 'What'],
      toldOf(report).map((line) => [instant(line.at), line.actor, journalWords(line)]),
    ),
    '',
    `The same again: ${commandsOf(report)
      .map((line) => `\`${line}\``)
      .join(', ')}. Printed by Serin ${report.serin}, ${instant(report.madeAt)}.`,
  ]
  return `${lines.join('\n')}\n`
}

/** What people wrote must not end the block. */
function block(lines: readonly string[]): readonly string[] {
  return ['```text', ...lines.map((line) => line.replaceAll('```', "'''")), '```']
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const row = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`
  return [row(titles), `|${' --- |'.repeat(titles.length)}`, ...rows.map(row)]
}
