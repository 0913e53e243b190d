import { SerinError, toProblem, type Problem } from '@serin/spec'
import { cleanText, wrapText } from './view/text.ts'
import type { Paper } from './view/paper.ts'

/** An error for people, in three lines: what happened, why when that is known, what to do. */
export function errorLines(error: unknown, paper: Paper): readonly string[] {
  const { code, message, hint } = known(error)
  const why = whyOf(error, message)
  const [what = '', ...more] = cleanText(message, { keepLines: true }).split('\n')
  return [
    `${paper.ink('harm', '■')} ${paper.ink('strong', what)} ${paper.ink('quiet', `[${code}]`)}`,
    ...more.map((line) => `  ${line}`),
    ...(why === undefined ? [] : labelled('why', why, paper)),
    ...labelled('do', hint, paper),
  ]
}

/** The problem document of an error. What went wrong on this machine is told: there is nobody to hide it from. */
export function problemOf(error: unknown): Problem {
  return error instanceof SerinError ? toProblem(error) : { ...toProblem(error), detail: known(error).message }
}

function known(error: unknown): SerinError {
  if (error instanceof SerinError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new SerinError('internal', `Something unexpected happened: ${text}`, { cause: error })
}

/** The innermost cause, when it says more than the error itself. */
function whyOf(error: unknown, message: string): string | undefined {
  let inner: unknown = error
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause
  if (inner === error || !(inner instanceof Error)) return undefined
  const text = inner instanceof AggregateError && inner.message === '' ? String(inner.errors[0]) : inner.message
  return text === '' || message.includes(text) ? undefined : text
}

function labelled(label: string, text: string, paper: Paper): readonly string[] {
  const [first = '', ...more] = wrapText(cleanText(text), Math.max(20, paper.width - 7))
  return [`  ${paper.ink('quiet', label.padEnd(4))} ${first}`, ...more.map((line) => `       ${line}`)]
}
