import { explainText } from '../view/explain.ts'
import { journalWords } from '../view/journal-words.ts'
import { rolloutMark } from '../view/marks.ts'
import { escapeHtml } from './escape.ts'
import { commandsOf, factsOf, readingCells, readingTitles, toldOf } from './facts.ts'
import { bandSvg, sharesSvg, stairsSvg } from './pictures.ts'
import { instant, type Report } from './report.ts'
import { reportStyle } from './style.ts'

/** A report as one page that asks nobody for anything: it can be kept, sent and printed. */
export function reportHtml(report: Report): string {
  const { rollout } = report
  const mark = rolloutMark(rollout)
  const shares = sharesSvg(report)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(`${rollout.id}: ${mark.word}`)}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<p class="quiet">Report of the rollout ${escapeHtml(rollout.id)}</p>
<h1><span class="${mark.style}">${mark.sign}</span> ${escapeHtml(rollout.sentence)}</h1>
<dl>${factsOf(report)
    .map(([name, text]) => `<div><dt>${name}</dt><dd>${escapeHtml(text)}</dd></div>`)
    .join('')}</dl>
<section><h2>Where it went</h2>
<figure>${stairsSvg(report)}<figcaption>The steps. Solid: asked. Dashed: observed.</figcaption></figure>
${shares === '' ? '' : `<figure>${shares}<figcaption>The share over time, ${instant(report.points[0]?.at ?? null)} to ${instant(report.points.at(-1)?.at ?? null)}. Solid: asked. Dashed: observed.</figcaption></figure>`}
</section>
${evidenceSection(report)}
<section><h2>Why</h2><p>${escapeHtml(explainText(rollout))}</p></section>
<section><h2>Who did what</h2>
${table(
  ['Time', 'Who', 'What'],
  toldOf(report).map((line) => [instant(line.at), line.actor, journalWords(line)]),
)}
</section>
<section><h2>The same again</h2><pre>${commandsOf(report).map(escapeHtml).join('\n')}</pre></section>
<footer class="quiet">Printed by Serin ${escapeHtml(report.serin)}, ${instant(report.madeAt)}.</footer>
</main>
</body>
</html>
`
}

function evidenceSection(report: Report): string {
  const { judgement } = report.rollout
  if (judgement === null) return ''
  const tiles = judgement.metrics.map((reading) => {
    const drawn = bandSvg(report, reading)
    return drawn === ''
      ? ''
      : `<figure class="card"><h3>${escapeHtml(reading.name)}</h3>${drawn}<figcaption>${escapeHtml(reading.sentence)}</figcaption></figure>`
  })
  return `<section><h2>What the evidence said</h2>
<p>${escapeHtml(judgement.sentence)}</p>
<div class="tiles">${tiles.join('')}</div>
${table(readingTitles, judgement.metrics.map(readingCells))}
</section>`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = titles.map((title) => `<th scope="col">${title}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`)
  return `<div class="scrolls" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
}
