import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where a control plane answers. */
export interface Where {
  readonly url: string
  readonly pid: number
}

function fileOf(dataDirectory: string): string {
  return join(dataDirectory, 'control-plane.json')
}

/** Leaves word for the CLI where this control plane answers; written whole or not at all. */
export function writeWhere(dataDirectory: string, where: Where): void {
  const file = fileOf(dataDirectory)
  writeFileSync(`${file}.new`, `${JSON.stringify(where)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Takes the word back, if it is still this control plane's own. */
export function forgetWhere(dataDirectory: string, pid: number): void {
  if (whereIs(dataDirectory)?.pid === pid) rmSync(fileOf(dataDirectory), { force: true })
}

/** Where a control plane of a data directory answers, or null when none has left word. */
export function whereIs(dataDirectory: string): Where | null {
  try {
    const found: unknown = JSON.parse(readFileSync(fileOf(dataDirectory), 'utf8'))
    return isWhere(found) ? found : null
  } catch {
    return null
  }
}

function isWhere(value: unknown): value is Where {
  return (
    value !== null &&
    typeof value === 'object' &&
    'url' in value &&
    typeof value.url === 'string' &&
    'pid' in value &&
    typeof value.pid === 'number'
  )
}

/** Whether gateways of an earlier control plane may still run for this data directory: it was killed, or stopped with `keep`. */
export function mayStillRun(dataDirectory: string): boolean {
  return globSync(join(dataDirectory, 'services', '*', 'gateway', 'gateway.json')).length > 0
}
