/** Makes the disk it is given read-only under a store and sees what it says: `node read-only-disk.ts DIRECTORY`. */
import { SerinError } from '@serin/spec'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { openSqliteStore } from '../driver.ts'

const [disk = ''] = process.argv.slice(2)
const directory = join(disk, 'data')
const remount = (mode: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${mode}`, disk])
const unwritable = (error: unknown) => error instanceof SerinError && error.code === 'store.unwritable'

const store = openSqliteStore({ directory })
store.commit({ at: 1, documents: [{ key: 'state', value: 1 }] })
store.close()

remount('ro')
assert.throws(() => openSqliteStore({ directory }), unwritable)
assert.throws(() => openSqliteStore({ directory: join(disk, 'new') }), unwritable)

remount('rw')
const again = openSqliteStore({ directory })
assert.equal(again.get('state'), 1)
again.commit({ at: 2, documents: [{ key: 'state', value: 2 }] })
again.close()
