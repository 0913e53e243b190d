import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { LogEvidence } from '../proxy/log-evidence.ts'
import type { CopyLine, LogLine } from '../proxy/log-evidence.ts'
import { recordIn } from '../proxy/log-words.ts'

const receiveBytes = 8_388_608

/** A line of the access log. */
interface Line extends Readonly<Record<string, unknown>> {
  readonly version: string
  readonly by: LogLine['by']
  readonly unit: string
  readonly status: number
  readonly answerS: string
  readonly headS: string
  readonly requestS: string
  readonly whole: string
  readonly revision: number
}

/** A line of what became of a copy. */
interface Copy extends Readonly<Record<string, unknown>> {
  readonly copy: string
  readonly status: number
  readonly answerS: string
  readonly headS: string
  readonly revision: number
}

/** Reads the access log of nginx, as datagrams, on a port or on a free one when something else has it; lines without the key are not taken. */
export async function openNginxEvidence(
  port: number,
  key: string,
): Promise<{ readonly evidence: LogEvidence; readonly port: number }> {
  const socket = await bound(port).catch(async () => await bound(0))
  const evidence = new LogEvidence(() => socket.close())
  socket.on('message', (message) => {
    const text = message.toString('utf8')
    const value = recordIn(text.slice(text.indexOf('serin: ') + 7))
    if (value['key'] !== key) return
    if (typeof value['mark'] === 'string') evidence.marked(value['mark'])
    else if (isCopy(value)) evidence.takeCopy(copyOf(value))
    else if (isLine(value)) evidence.take(lineOf(value))
  })
  socket.on('error', () => {})
  socket.unref()
  return { evidence, port: socket.address().port }
}

async function bound(port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBytes })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

function lineOf(line: Line): LogLine {
  const { version, by, unit, status, revision, whole } = line
  return {
    version,
    by,
    unit,
    revision,
    ...(line['copied'] === '1' && typeof line['id'] === 'string' ? { pair: line['id'] } : {}),
    end: status === 499 ? 'abandoned' : isUnanswered(line) ? 'failed' : 'answered',
    status,
    scored: whole === 'OK' && status !== 101,
    durationMs: durationMs(line),
    looks: Object.entries(line).flatMap(([name, value]) =>
      /^x\d+$/.test(name) && typeof value === 'string' ? [value] : [],
    ),
  }
}

function copyOf(line: Copy): CopyLine {
  const { copy, status, revision } = line
  return {
    pair: copy,
    revision,
    status: isUnanswered(line) ? null : status,
    durationMs: durationMs({ ...line, requestS: '0' }),
  }
}

/** nginx itself says that the version has not answered. */
function isUnanswered({ status, headS }: Pick<Line, 'status' | 'headS'>): boolean {
  return status >= 500 && headS.endsWith('-')
}

/** Time of the version alone, over all its copies that were tried. */
function durationMs({ answerS, requestS }: Pick<Line, 'answerS' | 'requestS'>): number {
  const times = answerS
    .split(/[,:\s]+/)
    .map(Number)
    .filter((seconds) => Number.isFinite(seconds) && seconds >= 0)
  const seconds = answerS === '' || times.length === 0 ? Number(requestS) : times.reduce((sum, each) => sum + each, 0)
  return Number.isFinite(seconds) ? seconds * 1_000 : 0
}

function isCopy(value: Readonly<Record<string, unknown>>): value is Copy {
  return (
    ['copy', 'answerS', 'headS'].every((name) => typeof value[name] === 'string') &&
    Number.isInteger(value['status']) &&
    Number.isInteger(value['revision'])
  )
}

function isLine(value: Readonly<Record<string, unknown>>): value is Line {
  const texts = ['version', 'by', 'unit', 'answerS', 'headS', 'requestS', 'whole']
  return (
    texts.every((name) => typeof value[name] === 'string') &&
    ['rule', 'override', 'hash'].includes(String(value['by'])) &&
    Number.isInteger(value['status']) &&
    Number.isInteger(value['revision'])
  )
}
