import type { Rollout } from '@serin/spec'
import { weight } from './figures.ts'
import { markOf, signed } from './marks.ts'
import type { Paper } from './paper.ts'
import { cleanText, wrapText } from './text.ts'

/** The other challengers of an experiment: what each has, and what the evidence says of it against stable. */
export function armLines({ rivals }: Rollout, paper: Paper): readonly string[] {
  return rivals.flatMap(({ version, askedBp, judgement, dropped }) => {
    if (dropped !== null)
      return wrapText(cleanText(`${version} is out: ${dropped}`), paper.width).map((line) => paper.ink('quiet', line))
    const mark = markOf(judgement?.verdict ?? 'undecided')
    const says = judgement === null ? 'No evidence yet.' : (judgement.goal?.sentence ?? judgement.sentence)
    const text = cleanText(
      `${mark.sign} ${mark.word}: ${version} at ${weight(askedBp)}. ${says.replace(/^Canary/, version)}`,
    )
    const [first = '', ...more] = wrapText(text, paper.width)
    return [
      `${signed(mark, paper)}${first.slice(`${mark.sign} ${mark.word}`.length)}`,
      ...more.map((line) => `  ${line}`),
    ]
  })
}
