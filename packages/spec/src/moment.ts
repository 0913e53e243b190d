const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:Z|([+-])(\d\d):?(\d\d))$/

/** Milliseconds since the epoch of a time such as `2026-12-20T00:00:00Z` or `2026-12-20T01:00+01:00`; NaN when it is none. */
export function momentOf(text: string): number {
  const parts = form.exec(text)
  if (parts === null) return Number.NaN
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const ms = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
  const aheadMinutes = (parts[8] === '-' ? -1 : 1) * (Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0))
  const minutes = (daysTo(year, month, day) * 24 + hour) * 60 + minute - aheadMinutes
  return minutes * 60_000 + second * 1_000 + ms
}

/** Days from 1970-01-01: years begin in March here, so that the leap day is their last. */
function daysTo(year: number, month: number, day: number): number {
  const [y, m] = month > 2 ? [year, month - 3] : [year - 1, month + 9]
  const days =
    365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * m + 2) / 5) + day - 1
  return days - 719_468
}
