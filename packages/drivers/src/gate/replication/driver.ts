import type { GateAnswer, GateContext } from '@serin/kit'
import type { Gate } from '@serin/spec'
import { howItEnded, saidLast, seconds } from '../../workload/supervisor/sentences.ts'
import { runCommand } from '../run-command.ts'

/** Asks a command how far a copy of the data is behind: passed within `maxLag`, else waiting. Rejects only when the signal aborts. */
export async function askReplication(
  gate: Extract<Gate, { kind: 'replication' }>,
  context: GateContext,
  signal: AbortSignal,
): Promise<GateAnswer> {
  const name = gate.command[0] ?? 'The command'
  const waiting = (why: string): GateAnswer => ({ outcome: 'waiting', why })
  const ran = await runCommand({ ...gate, timeoutMs: gate.timeout }, context, signal)
  if (ran.kind === 'not started') return waiting(ran.why)
  if (ran.kind === 'late') return waiting(`${name} did not end within ${seconds(gate.timeout)} and was ended.`)
  if (ran.code !== 0) return waiting(`${name} ${howItEnded(ran)}.${saidLast(ran.lastLines)}`)
  const lagMs = lagOf(ran.out)
  if (lagMs === null) return waiting(`${name} printed no {"lagMs": 120}.${saidLast(ran.lastLines)}`)
  const behind = `The copy is ${seconds(lagMs)} behind`
  if (lagMs > gate.maxLag) return waiting(`${behind}; at most ${seconds(gate.maxLag)} is wanted.`)
  return { outcome: 'passed', why: `${behind}.` }
}

/** The lag in the last line that was printed, or null when that line is something else. */
function lagOf(out: string): number | null {
  try {
    const value: unknown = JSON.parse(out.trim().split('\n').at(-1) ?? '')
    if (typeof value !== 'object' || value === null || !('lagMs' in value)) return null
    const { lagMs } = value
    return typeof lagMs === 'number' && Number.isFinite(lagMs) && lagMs >= 0 ? lagMs : null
  } catch {
    return null
  }
}
