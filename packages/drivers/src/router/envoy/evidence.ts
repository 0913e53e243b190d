import { LogEvidence } from '../proxy/log-evidence.ts'
import type { LogLine } from '../proxy/log-evidence.ts'
import { meantBy, recordIn } from '../proxy/log-words.ts'
import { LogTail } from './log-tail.ts'
import type { TailOptions } from './log-tail.ts'

/** The version gave no whole answer: it refused, broke off, came too late, or no copy of it was there. */
const failing = new Set(['UF', 'UH', 'UO', 'UT', 'UC', 'UR', 'URX', 'UPE', 'LR', 'NC', 'NR', 'SI', 'UMSDR', 'DT', 'LH'])
/** The client broke off. */
const leaving = new Set(['DC', 'DR', 'DPE'])

/** Reads the access log of Envoy from where an earlier control plane stopped. */
export async function openEnvoyEvidence(options: Omit<TailOptions, 'onLine'>): Promise<LogEvidence> {
  const evidence = new LogEvidence(() => tail.close())
  const tail = await LogTail.open({
    ...options,
    onLine: (line) => {
      const value = recordIn(line)
      if (typeof value['mark'] === 'string') evidence.marked(value['mark'])
      const told = lineOf(value)
      if (told !== null) evidence.take(told)
    },
  })
  return evidence
}

/** What a line of the log says, or null when it tells of no decision: `decided` is `REVISION BY =VERSION =UNIT =LOOK…`. */
export function lineOf(line: Readonly<Record<string, unknown>>): LogLine | null {
  if (typeof line['decided'] !== 'string') return null
  const [revision = '', by, version, unit, ...looks] = line['decided'].split(' ')
  if (version === undefined || unit === undefined) return null
  if (by !== 'rule' && by !== 'override' && by !== 'hash') return null
  // Without an answer there is no code, and one that has not begun has no time.
  const status = numberOf(line['status'])
  const begun = status !== 0 && isNumber(line['headMs'])
  const flags = typeof line['flags'] === 'string' ? line['flags'].split(',') : []
  const end = endOf(flags, begun)
  return {
    version: meantBy(version),
    by,
    unit: meantBy(unit),
    revision: Number(revision),
    end,
    status,
    scored: end === 'answered' && !flags.some((flag) => leaving.has(flag)) && status !== 101,
    durationMs: numberOf(line['ms']),
    looks: looks.map(meantBy),
  }
}

function endOf(flags: readonly string[], begun: boolean): LogLine['end'] {
  if (flags.some((flag) => leaving.has(flag))) return begun ? 'answered' : 'abandoned'
  return flags.some((flag) => failing.has(flag)) ? 'failed' : 'answered'
}

function numberOf(value: unknown): number {
  return isNumber(value) ? Math.max(0, Number(value)) : 0
}

/** What is not there is null or a dash. */
function isNumber(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))
}
