/** Fills the small disk it is given and sees whether the store keeps its promises: `node full-disk.ts DIRECTORY`. Fails with a sentence when not. */
import type { Store } from '@serin/kit'
import { SerinError } from '@serin/spec'
import assert from 'node:assert/strict'
import { appendFileSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../driver.ts'

const [disk = ''] = process.argv.slice(2)
const directory = join(disk, 'data')
const ballast = join(disk, 'ballast')

function fillDisk(): void {
  for (const chunk of [64 * 1024, 4 * 1024]) {
    try {
      for (;;) appendFileSync(ballast, Buffer.alloc(chunk))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
  }
  assert.equal(statfsSync(disk).bavail, 0)
}

/** Commits numbers after `n` until one is refused; returns the last that was not. */
function commitUntilFull(store: Store, n: number): number {
  for (let next = n + 1; ; next += 1) {
    try {
      store.commit({
        at: next,
        documents: [
          { key: 'state', value: next },
          { key: `ballast/${next}`, value: 'x'.repeat(20_000) },
        ],
        journal: [{ stream: 'test', kind: 'test.counted', actor: 'serin', data: { n: next } }],
        evidence: [{ series: 'test', at: next, value: next }],
      })
    } catch (error) {
      assert.ok(error instanceof SerinError, String(error))
      assert.equal(error.code, 'store.full')
      return next - 1
    }
  }
}

/** Exactly the commits up to `n` are there, whole. */
function assertHolds(store: Store, n: number, when: string): void {
  assert.equal(store.get('state'), n, when)
  assert.equal(store.list('ballast/').length, n, when)
  assert.equal(store.evidence('test', 0, 1e15).length, n, when)
  assert.deepEqual(store.verify(), { ok: true, entries: n, firstBad: null }, when)
}

appendFileSync(ballast, Buffer.alloc(1_000_000))
let store = openSqliteStore({ directory })
store.commit({ at: 0, documents: [{ key: 'state', value: 0 }] })
let n = commitUntilFull(store, 0)
assert.ok(n > 10, `only ${n} commits fitted`)
assertHolds(store, n, 'when the disk became full')

fillDisk()
n = commitUntilFull(store, n)
n = commitUntilFull(store, n)
assertHolds(store, n, 'while the disk is full')

store.close()
store = openSqliteStore({ directory })
assertHolds(store, n, 'after a restart with a full disk')
n = commitUntilFull(store, n)
assertHolds(store, n, 'when it was full again after the restart')

rmSync(ballast)
const before = n
n = commitUntilFull(store, n)
assert.ok(n > before, 'it did not go on when there was space again')
assertHolds(store, n, 'after it went on')

store.close()
console.log(`held ${n} commits`)
