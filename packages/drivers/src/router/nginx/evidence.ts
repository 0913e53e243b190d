import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { compileSlices, viewOf } from '@serin/core/assignment'
import type { Classify, Decision } from '@serin/core/assignment'
import { Recorder } from '@serin/gateway'
import type { EvidenceCursor } from '@serin/kit'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { SlotFeed } from './slot-feed.ts'

const slotMs = 1_000
const receiveBytes = 8_388_608
/** Lines of a table that is not known to be in force yet. */
const mostEarly = 100_000
const mostKnown = 64

/** A line of the access log. */
interface Line extends Readonly<Record<string, unknown>> {
  readonly version: string
  readonly by: Decision['by']
  readonly unit: string
  readonly status: number
  readonly answerS: string
  readonly headS: string
  readonly requestS: string
  readonly whole: string
  readonly revision: number
}

/** Reads the access log of nginx, as datagrams, and makes slots of it with the gateway's own recorder. */
export class NginxEvidence {
  readonly #socket: Socket
  readonly #recorder: Recorder
  readonly #feed: SlotFeed
  readonly #marks = new Map<string, () => void>()
  readonly #ticker: NodeJS.Timeout
  #closed = false
  #early: Line[] = []
  /** Revisions that were in force here, the last ones. */
  readonly #known: number[] = []
  #table: RoutingTable | null = null
  #classify: Classify | null = null
  /** What the clocks of the recorder are behind: a line comes when its request is over. */
  #behindMs = 0

  private constructor(socket: Socket, key: string) {
    const boot = randomBytes(8).toString('hex')
    this.#socket = socket
    this.#feed = new SlotFeed(boot)
    this.#recorder = new Recorder({
      boot,
      clocks: { epochMs: () => Date.now() - this.#behindMs, steadyMs: () => performance.now() - this.#behindMs },
    })
    this.#ticker = setInterval(() => this.#feed.push(this.#recorder.cut()), slotMs).unref()
    socket.on('message', (message) => this.#read(message.toString('utf8'), key))
    socket.on('error', () => {})
    socket.unref()
  }

  /** Listens on a port, or on a free one when something else has it. */
  static async open(port: number, key: string): Promise<NginxEvidence> {
    const listening = await bound(port).catch(async () => await bound(0))
    return new NginxEvidence(listening, key)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** A table is in force; what came early of it is read now. */
  change(table: RoutingTable): void {
    this.#feed.push(this.#recorder.change(table))
    this.#table = table
    this.#known.push(table.revision)
    if (this.#known.length > mostKnown) this.#known.shift()
    this.#classify = table.measurement.rollout === 'idle' ? null : compileSlices(table.measurement.slices)
    const early = this.#early
    this.#early = []
    for (const line of early) this.#record(line)
  }

  /** Resolves when the line with this mark has come, and with it what nginx had written before; gives up after a while. */
  async caughtUp(mark: string, withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, withinMs)
      this.#marks.set(mark, () => {
        clearTimeout(late)
        resolve()
      })
    })
    this.#marks.delete(mark)
  }

  /** When a request was last assigned to each version. */
  lastRequestAt(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.#recorder.activity()).flatMap(([version, { lastRequestAt }]) =>
        lastRequestAt === null ? [] : [[version, lastRequestAt]],
      ),
    )
  }

  slots(after: EvidenceCursor | null, signal: AbortSignal): AsyncIterable<EvidenceSlot> {
    return this.#feed.slots(after, signal)
  }

  /** Ends it, once. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#ticker)
    this.#feed.close()
    this.#socket.close()
  }

  #read(message: string, key: string): void {
    const value = parsed(message.slice(message.indexOf('serin: ') + 7))
    if (value['key'] !== key) return
    if (typeof value['mark'] === 'string') this.#marks.get(value['mark'])?.()
    else if (isLine(value)) this.#take(value)
  }

  #take(line: Line): void {
    if (this.#known.includes(line.revision)) this.#record(line)
    else if (this.#early.length < mostEarly) this.#early.push(line)
  }

  #record(line: Line): void {
    const unit = line.unit === '' ? null : line.unit
    // What began under an older table counts as a request, and as evidence of nothing.
    const by = line.by === 'hash' && line.revision !== this.#table?.revision ? 'override' : line.by
    this.#behindMs = durationMs(line)
    const ticket = this.#recorder.start(
      { version: line.version, by, unit },
      by === 'hash' ? this.#slicesOf(line) : null,
    )
    this.#behindMs = 0
    if (line.status === 499) this.#recorder.abandoned(ticket)
    else if (line.status >= 500 && line.headS.endsWith('-')) this.#recorder.failed(ticket)
    else this.#recorder.answered(ticket, line.status, line.whole === 'OK' && line.status !== 101)
    this.#recorder.left(ticket)
  }

  #slicesOf(line: Line): readonly string[] | null {
    if (this.#classify === null) return null
    const headers: Record<string, string> = {}
    let target = '/'
    for (const [i, { header }] of Object.values(this.#table?.measurement.slices ?? {}).entries()) {
      const value = line[`x${i}`]
      if (typeof value !== 'string' || value === '') continue
      if (header === undefined) target = value
      else headers[header.toLowerCase()] = value
    }
    return this.#classify(viewOf({ headers, target, address: '' }))
  }
}

async function bound(port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBytes })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** Time of the version alone, over all its copies that were tried. */
function durationMs({ answerS, requestS }: Line): number {
  const times = answerS
    .split(/[,:\s]+/)
    .map(Number)
    .filter((seconds) => Number.isFinite(seconds) && seconds >= 0)
  const seconds = answerS === '' || times.length === 0 ? Number(requestS) : times.reduce((sum, each) => sum + each, 0)
  return Number.isFinite(seconds) ? seconds * 1_000 : 0
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
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
