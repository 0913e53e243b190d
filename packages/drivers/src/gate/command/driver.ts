import type { GateAnswer, GateContext } from '@serin/kit'
import type { Gate } from '@serin/spec'
import { setTimeout as sleep } from 'node:timers/promises'
import { howItEnded, saidLast, seconds } from '../../workload/supervisor/sentences.ts'
import { runCommand } from '../run-command.ts'

/** Before a command is tried again, so that what was in its way may pass. */
const pauseMs = 500

/** Runs a command to its end: passed when it ends with 0, else failed with what it said last. Rejects only when the signal aborts. */
export async function askCommand(
  gate: Extract<Gate, { kind: 'command' }>,
  context: GateContext,
  signal: AbortSignal,
): Promise<GateAnswer> {
  const deadline = performance.now() + gate.within
  const failed = (why: string): GateAnswer => ({ outcome: 'failed', why })
  const name = gate.command[0] ?? 'The command'
  for (let tries = 1; ; tries += 1) {
    const timeoutMs = Math.max(1, Math.ceil(deadline - performance.now()))
    const ran = await runCommand({ ...gate, timeoutMs }, context, signal)
    if (ran.kind === 'not started') return { outcome: ran.yet ? 'waiting' : 'failed', why: ran.why }
    if (ran.kind === 'late')
      return failed(`${name} did not end within ${seconds(gate.within)} and was ended.${saidLast(ran.lastLines)}`)
    const times = tries === 1 ? '' : ` at try ${tries}`
    if (ran.code === 0) return { outcome: 'passed', why: `${name} ended well${times}.` }
    const over = tries > gate.retries || performance.now() + pauseMs >= deadline
    if (over) return failed(`${name} ${howItEnded(ran)}${times}.${saidLast(ran.lastLines)}`)
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    signal.throwIfAborted()
  }
}
