import { catalogue, type ErrorEntry } from '@serin/spec'
import { page, printedFrom, table } from './markdown.ts'

/** `docs/reference/errors.md`: every error, what it maps to and what to do. */
export function printErrorsPage(): string {
  const rows = Object.entries<ErrorEntry>(catalogue).map(([code, { status, retry, hint }]) => [
    `\`${code}\``,
    String(status),
    retry ? 'yes' : 'no',
    hint,
  ])
  return page([
    '# Errors',
    printedFrom('packages/spec/src/errors.ts'),
    'Every error has a code, a sentence that says what happened, and a hint that says what to do. The API answers with a problem document (RFC 9457, ' +
      '`application/problem+json`) that carries all three; the command line prints them; the SDK throws a `SerinError` with the same code.',
    '“Again” says whether the same request can succeed later without anybody changing anything.',
    table(['code', 'status', 'again', 'what to do'], rows),
  ])
}
