import { SerinError } from '@serin/spec'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { LogEvidence } from '../proxy/log-evidence.ts'
import type { LogLine } from '../proxy/log-evidence.ts'
import { meantBy } from '../proxy/log-words.ts'

/** A line that never ends is not kept. */
const longestLine = 131_072

/** Listens where HAProxy sends its log; what it wrote while nobody listened comes first. */
export async function openHaproxyEvidence(socketPath: string): Promise<LogEvidence> {
  await rm(socketPath, { force: true })
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.unref()
    read(socket, evidence)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
  })
  const evidence = new LogEvidence(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  try {
    await once(server.listen(socketPath), 'listening')
  } catch (cause) {
    evidence.close()
    throw new SerinError('gateway.failed', `The log of HAProxy cannot be read at ${socketPath}.`, { cause })
  }
  server.unref()
  return evidence
}

function read(socket: Socket, evidence: LogEvidence): void {
  let rest = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestLine) rest = ''
    for (const line of lines) {
      const mark = /^mark ([0-9a-f]+)$/.exec(line)?.[1]
      if (mark !== undefined) evidence.marked(mark)
      const told = lineOf(line)
      if (told !== null) evidence.take(told)
    }
  })
}

/** What a line of the log says, or null when it is another's: `line STATUS ENDED READ-MS ALL-MS REVISION BY =VERSION =UNIT =LOOK…`. */
export function lineOf(line: string): LogLine | null {
  const [kind, status = '', ended = '', readMs, allMs, revision = '', by, version, unit, ...looks] = line.split(' ')
  if (kind !== 'line' || version === undefined || unit === undefined) return null
  if (by !== 'rule' && by !== 'override' && by !== 'hash') return null
  return {
    version: meantBy(version),
    by,
    unit: meantBy(unit),
    revision: Number(revision),
    end: endOf(ended),
    status: Number(status),
    scored: ended === '--' && status !== '101',
    // Not the time in which the client sent its request.
    durationMs: Math.max(0, Number(allMs) - Math.max(0, Number(readMs))),
    looks: looks.map(meantBy),
  }
}

/** HAProxy says who ended a request, and in which state: `--` is as it should be. */
function endOf(ended: string): LogLine['end'] {
  const [who = '', when = ''] = ended
  if (/[Cc]/.test(who) && /[RQCH]/.test(when)) return 'abandoned'
  // Refused, reset, timed out, cut off; `P` and `H`: an answer that is none.
  if (/[Ss]/.test(who) || (who === 'P' && when === 'H')) return 'failed'
  return 'answered'
}
