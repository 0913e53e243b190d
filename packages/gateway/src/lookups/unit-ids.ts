import { randomFillSync } from 'node:crypto'

const idBytes = 16
const pool = Buffer.alloc(256 * idBytes)
let used = pool.length

/** A random id for a cookie, 22 characters; nobody guesses another's. Chance is drawn for many at once: once for each is slow. */
export function newUnitId(): string {
  if (used >= pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += idBytes
  return pool.toString('base64url', used - idBytes, used)
}
