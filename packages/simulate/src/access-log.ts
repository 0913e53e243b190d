import { SerinError } from '@serin/spec'

/** What a simulation takes from a log of requests. */
export interface RecordedTraffic {
  /** Requests of each minute, from the first to the last; silence is part of it. */
  readonly perMinute: readonly number[]
  /** Part of the requests that failed: answered with 5xx. */
  readonly errorRatio: number
  /** Requests of each client address. */
  readonly requestsOfUsers: readonly number[]
  readonly requests: number
  /** Lines that are no log lines. */
  readonly skipped: number
}

/** Client, time and status of a line in the common or combined format. */
const line =
  /^(\S+) \S+ .*?\[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):\d{2} ([+-])(\d{2})(\d{2})\] "(?:[^"\\]|\\.)*" (\d{3}) /
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** A log of longer than this is not taken: a release does not last for months. */
const mostMinutes = 100 * 24 * 60

/** Reads an access log (common or combined format), or throws `usage.invalid` when it is none. */
export function readAccessLog(text: string, name: string): RecordedTraffic {
  const users = new Map<string, number>()
  const counts = new Map<number, number>()
  let [requests, failed, skipped] = [0, 0, 0]
  for (const entry of text.split('\n')) {
    if (entry === '') continue
    const found = line.exec(entry)
    const minute = found === null ? Number.NaN : minuteOf(found)
    if (found === null || Number.isNaN(minute)) {
      skipped += 1
      continue
    }
    requests += 1
    if (found[10]?.startsWith('5') === true) failed += 1
    counts.set(minute, (counts.get(minute) ?? 0) + 1)
    users.set(found[1] ?? '', (users.get(found[1] ?? '') ?? 0) + 1)
  }
  if (requests === 0 || skipped > requests)
    throw new SerinError(
      'usage.invalid',
      `${name} is no access log in the common or combined format: ${requests} of ${requests + skipped} lines can be read.`,
    )
  let [first, last] = [Infinity, -Infinity]
  for (const minute of counts.keys()) [first, last] = [Math.min(first, minute), Math.max(last, minute)]
  if (last - first > mostMinutes)
    throw new SerinError('usage.invalid', `${name} spans more than 100 days; take a part of it.`)
  return {
    perMinute: Array.from({ length: last - first + 1 }, (_, i) => counts.get(first + i) ?? 0),
    errorRatio: failed / requests,
    requestsOfUsers: [...users.values()],
    requests,
    skipped,
  }
}

/** Minutes since 1970, or NaN. */
function minuteOf(found: RegExpExecArray): number {
  const [, , day, month, year, hour, minute, sign, offsetHours, offsetMinutes] = found
  const at = Date.UTC(Number(year), months.indexOf(month ?? ''), Number(day), Number(hour), Number(minute))
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1)
  return months.includes(month ?? '') ? at / 60_000 - offset : Number.NaN
}
