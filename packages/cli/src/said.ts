import type { Release, Rollout } from '@serin/spec'
import type { Output } from './output.ts'
import { rolloutMark, signOf, type Mark } from './view/marks.ts'
import { releaseMark } from './view/releases.ts'
import { cleanText, wrapText } from './view/text.ts'

/** Prints a rollout as one sentence after its mark, and what to do next for a person. */
export function sayRollout(out: Output, rollout: Rollout, ...next: readonly string[]): void {
  say(out, rollout, rolloutMark(rollout), next)
}

/** Prints a coupled release in the same way. */
export function sayRelease(out: Output, release: Release, ...next: readonly string[]): void {
  say(out, release, releaseMark(release), next)
}

function say(out: Output, said: Release | Rollout, mark: Mark, next: readonly string[]): void {
  out.result(said, (paper) => {
    const [first = '', ...more] = wrapText(`${said.id}: ${cleanText(said.sentence)}`, paper.width - 2)
    return [`${signOf(mark, paper)} ${first}`, ...more.map((line) => `  ${line}`)]
  })
  out.note(...next)
}
