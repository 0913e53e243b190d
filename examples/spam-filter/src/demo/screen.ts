import {
  createPaper,
  Painter,
  progressKey,
  progressLine,
  watchLines,
  wrapText,
  type Paper,
  type Snapshot,
} from '@serin/cli/view'
import type { TrafficReport } from '../traffic/generator.ts'

const heartbeatMs = 10_000
const plainWidth = 100

/** Where the demo is shown: a live picture in a terminal, a line for each thing that happens elsewhere. */
export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly #painter: Painter
  readonly #live: boolean
  #last = { key: '', at: 0 }

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#live = out.isTTY
    this.#painter = new Painter(out)
  }

  /** What lines are drawn on, as large as the terminal is now. */
  get paper(): Paper {
    const { columns, rows } = this.#out
    const colour = this.#live && (process.env['NO_COLOR'] ?? '') === ''
    return createPaper({ width: this.#live ? columns : plainWidth, height: this.#live ? rows - 3 : null, colour })
  }

  /** Lines that stay. */
  say(...lines: readonly string[]): void {
    this.#out.write(`${lines.join('\n')}\n`)
  }

  /** A paragraph that stays, as wide as the screen. */
  tell(text: string, indent = ''): void {
    const { width } = this.paper
    this.say(...wrapText(text, Math.min(width, plainWidth) - indent.length).map((line) => `${indent}${line}`))
  }

  /** What is going on now. */
  show(snapshot: Snapshot, report: TrafficReport | null): void {
    const { paper } = this
    if (this.#live) {
      this.#painter.paint([...watchLines(snapshot, paper), '', `  ${paper.ink('quiet', usersText(report))}`])
      return
    }
    const key = progressKey(snapshot)
    if (key === this.#last.key && snapshot.now - this.#last.at < heartbeatMs) return
    this.#last = { key, at: snapshot.now }
    this.say(progressLine(snapshot, paper))
  }

  /** The live picture goes, what is said next takes its place. */
  clear(): void {
    if (!this.#live) return
    this.#painter.paint([''])
    this.#painter.close()
  }
}

function usersText(report: TrafficReport | null): string {
  if (report === null) return 'The users have just begun.'
  const { users, answered, failed, labels } = report
  const count = (value: number) => value.toLocaleString('en')
  return `users: ${count(users.seen)} seen, ${count(answered)} messages answered, ${failed} failed, ${count(labels.accepted)} labels sent`
}
