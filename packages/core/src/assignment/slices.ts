import type { Slice } from '@serin/spec'
import { otherValue } from '../evidence.ts'
import { compileMatch } from './match.ts'
import type { RequestView } from './request-view.ts'

/** The value of a request in each slice, in their order. */
export type Classify = (request: RequestView) => readonly string[]

/** What a request without the header counts as. */
const noValue = 'none'
const longestValue = 64

/** Makes slices ready; null when there are none, so that nothing is asked of a request. */
export function compileSlices(slices: Readonly<Record<string, Slice>> | undefined): Classify | null {
  const readers = Object.values(slices ?? {}).map(compileSlice)
  return readers.length === 0 ? null : (request) => readers.map((read) => read(request))
}

function compileSlice({ header, path, values }: Slice): (request: RequestView) => string {
  const name = header?.toLowerCase()
  const depth = path?.depth ?? 1
  const read = (request: RequestView): string | undefined =>
    name === undefined ? firstSegments(request.path(), depth) : request.header(name)
  if (values === undefined) return (request) => cleanValue(read(request) ?? '') || noValue
  const classes = Object.entries(values).map(([value, match]) => ({ value, fits: compileMatch(match) }))
  return (request) => {
    const given = read(request)
    return classes.find(({ fits }) => fits(given))?.value ?? otherValue
  }
}

function firstSegments(path: string, depth: number): string {
  let end = 0
  for (let segment = 0; segment < depth && end >= 0; segment += 1) end = path.indexOf('/', end + 1)
  return end < 0 ? path : path.slice(0, end)
}

/** Values come from clients and are printed: no control, format or lone surrogate characters, runs of spaces as one, at most 64 characters. */
function cleanValue(value: string): string {
  // Cut before and after: the first bounds the work, and neither leaves half a character.
  const clean = value
    .slice(0, 4 * longestValue)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return clean.length <= longestValue
    ? clean
    : clean
        .slice(0, longestValue)
        .replace(/[\ud800-\udbff]$/, '')
        .trimEnd()
}
