import { closeSync, fstatSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** Size above which a log is cut. What was in it moves to `.log.1`, so a replica keeps about twice this. */
export const logLimitBytes = 4 * 1_048_576

const markPrefix = 'serin: '
const tailBytes = 16_384
const keptLines = 30
const longestLine = 300

/**
 * Opens a log for a replica that is about to start and marks the place. It is opened for appending, and every write goes to whatever the
 * end is then: so it can be cut under the program's hands. Throws what the system says when it cannot be opened. The caller closes it.
 */
export function openLog(file: string, mark: string): number {
  const log = openSync(file, 'a', 0o600)
  try {
    writeSync(log, `${markPrefix}${mark}\n`)
  } catch {
    // The disk is full; when there is room again the program's lines come, without the mark.
  }
  return log
}

/** What a replica said since it was started last: at most thirty lines, oldest first, without escape sequences. */
export function lastLinesOf(file: string): readonly string[] {
  // What the keeper has just moved away may hold the beginning.
  const lines = `${tailOf(`${file}.1`)}${tailOf(file)}`.split('\n')
  return lines
    .slice(lines.findLastIndex((line) => line.startsWith(markPrefix)) + 1)
    .map((line) =>
      stripVTControlCharacters(line)
        .replaceAll(/\p{Cc}/gu, ' ')
        .trimEnd(),
    )
    .filter((line) => line.trim() !== '')
    .slice(-keptLines)
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line))
}

/** Removes the oldest logs beyond `keep` of replicas that have no record any more: a version's log can be read after it failed, but not for ever. */
export function pruneLogs(directory: string, keep: number): void {
  try {
    const names = new Set(readdirSync(directory))
    const ended = [...names]
      .filter((name) => name.endsWith('.log') && !names.has(name.replace(/log$/, 'json')))
      .map((name) => ({ name, changedAt: statSync(join(directory, name)).mtimeMs }))
      .sort((a, b) => b.changedAt - a.changedAt)
    for (const { name } of ended.slice(keep))
      for (const each of [name, `${name}.1`]) rmSync(join(directory, each), { force: true })
  } catch {
    // Old logs do no harm; the next stop tries again.
  }
}

function tailOf(file: string): string {
  let log: number
  try {
    log = openSync(file, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(log)
    const buffer = Buffer.alloc(Math.min(size, tailBytes))
    const read = readSync(log, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8', 0, read)
  } catch {
    return ''
  } finally {
    closeSync(log)
  }
}
