import type { Rollout } from '@serin/spec'
import type { Output } from './output.ts'
import { rolloutMark, signOf } from './view/marks.ts'
import { cleanText, wrapText } from './view/text.ts'

/** Prints a rollout as one sentence after its mark, and what to do next for a person. */
export function sayRollout(out: Output, rollout: Rollout, ...next: readonly string[]): void {
  out.result(rollout, (paper) => {
    const [first = '', ...more] = wrapText(`${rollout.id}: ${cleanText(rollout.sentence)}`, paper.width - 2)
    return [`${signOf(rolloutMark(rollout), paper)} ${first}`, ...more.map((line) => `  ${line}`)]
  })
  out.note(...next)
}
