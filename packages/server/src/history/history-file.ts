import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RolloutPoint } from '@serin/spec'
import { z } from 'zod'

/** Histories that are kept; the oldest give way. The journal keeps what was decided for longer. */
const mostFiles = 500

const HistoryFile = z.object({ serin: z.literal('history-v1'), points: z.array(RolloutPoint) })

/** How a rollout went, as far as it was written down; nothing when the file is not there or cannot be read. */
export function readHistory(dataDirectory: string, rollout: string): readonly RolloutPoint[] {
  try {
    return HistoryFile.parse(JSON.parse(readFileSync(fileOf(dataDirectory, rollout), 'utf8'))).points
  } catch {
    return []
  }
}

/** Writes down how a rollout went, whole or not at all. Throws what the disk says. */
export function writeHistory(dataDirectory: string, rollout: string, points: readonly RolloutPoint[]): void {
  const file = fileOf(dataDirectory, rollout)
  mkdirSync(join(dataDirectory, 'history'), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, JSON.stringify({ serin: 'history-v1', points }), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Removes the oldest histories beyond what is kept. */
export function forgetOldest(dataDirectory: string): void {
  const folder = join(dataDirectory, 'history')
  const files = readdirSync(folder).map((name) => ({
    path: join(folder, name),
    at: statSync(join(folder, name)).mtimeMs,
  }))
  for (const { path } of files.sort((a, b) => b.at - a.at).slice(mostFiles)) rmSync(path, { force: true })
}

/** Ids are a service’s name and a number: they lead nowhere else. */
function fileOf(dataDirectory: string, rollout: string): string {
  return join(dataDirectory, 'history', `${rollout.replaceAll(/[^\w-]/g, '_')}.json`)
}
