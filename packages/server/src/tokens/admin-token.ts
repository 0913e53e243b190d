import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const tokenBytes = 32

/** The admin token of a data directory: made at the first start, in a file only its owner can read. One that is torn is made anew. */
export function ensureToken(dataDirectory: string): string {
  const file = join(dataDirectory, 'token')
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (/^[\w-]{32,}$/.test(known)) {
    chmodSync(file, 0o600)
    return known
  }
  const token = randomBytes(tokenBytes).toString('base64url')
  // Whole or not at all: a start that is killed must not leave a token nobody can use.
  writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o600 })
  chmodSync(`${file}.new`, 0o600)
  renameSync(`${file}.new`, file)
  return token
}
