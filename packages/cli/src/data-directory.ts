import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { World } from './world.ts'

/** What a control plane leaves in its data directory for those who look for it. */
export interface Where {
  readonly url: string
  readonly pid: number
}

/** The data directory that is meant: the one given, else SERIN_DATA, else `.serin` here or in the nearest parent that has one. Absolute. */
export function dataDirectoryOf({ cwd, env }: World, given: string | undefined): string {
  const named = given ?? env['SERIN_DATA']
  if (named !== undefined && named !== '') return resolve(cwd, named)
  for (let directory = cwd; ; directory = dirname(directory)) {
    const candidate = join(directory, '.serin')
    if (isDirectory(candidate)) return candidate
    if (dirname(directory) === directory) return join(cwd, '.serin')
  }
}

/** Where the control plane of a data directory answers, or null when none runs that told so. */
export function whereOf(dataDirectory: string): Where | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dataDirectory, 'control-plane.json'), 'utf8'))
    if (value === null || typeof value !== 'object' || !('url' in value) || !('pid' in value)) return null
    return { url: String(value.url), pid: Number(value.pid) }
  } catch {
    return null
  }
}

/** The file with the admin token. */
export function tokenFileOf(dataDirectory: string): string {
  return join(dataDirectory, 'token')
}

/** The token of a data directory, or null before the first start. */
export function tokenOf(dataDirectory: string): string | null {
  const file = tokenFileOf(dataDirectory)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
