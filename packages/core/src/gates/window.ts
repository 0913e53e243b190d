import type { Gate } from '@serin/spec'

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const weekdays: Readonly<Record<string, number>> = { Sun: 0, Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6 }

/**
 * Whether a window is open, by the clock on the wall of its time zone: where clocks change, an hour that is skipped never opens it, and one that comes
 * twice opens it twice. `from` belongs to it, `to` does not; a window across midnight belongs to the day on which it opens.
 */
export function windowIsOpen(gate: Extract<Gate, { kind: 'window' }>, nowMs: number): boolean {
  const { day, minute } = wallAt(nowMs, gate.timezone)
  const [from, to] = [minuteOf(gate.from), minuteOf(gate.to)]
  const opensOn = (index: number): boolean => gate.days.some((name) => name === days[(index + 7) % 7])
  if (from < to) return opensOn(day) && from <= minute && minute < to
  return (opensOn(day) && minute >= from) || (opensOn(day - 1) && minute < to)
}

function wallAt(nowMs: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]))
  return {
    day: weekdays[parts.get('weekday') ?? ''] ?? 0,
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  }
}

function minuteOf(clock: string): number {
  const [hour, minute] = clock.split(':').map(Number)
  return (hour ?? 0) * 60 + (minute ?? 0)
}
