import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

const most = 10
/** Faster files are nothing to look at. */
const leastMs = 1_000

/** Which files took longest: where to look when a run has become too long. */
export class SlowestFiles {
  readonly #files: { readonly path: string; readonly ms: number }[] = []

  hear(event: TestEvent): void {
    if (event.type !== 'test:summary' || event.data.file === undefined) return
    this.#files.push({ path: relative(process.cwd(), event.data.file), ms: event.data.duration_ms })
  }

  lines(): readonly string[] {
    const slow = this.#files.filter(({ ms }) => ms >= leastMs).toSorted((a, b) => b.ms - a.ms)
    if (slow.length === 0) return []
    const rows = slow.slice(0, most).map(({ path, ms }) => `${(ms / 1_000).toFixed(1).padStart(6)}  ${path}`)
    return ['The slowest files, in seconds:', ...rows]
  }
}
