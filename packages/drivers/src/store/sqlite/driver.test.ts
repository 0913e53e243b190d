import { storeContract, type StoreUnderTest } from '@serin/kit/contract'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from './driver.ts'

const lock = {
  reason: 'The file is locked while it is open: a second opening is refused (disk.test.ts), so nobody is taken over.',
  tests: ['whoever opened it last writes, and nobody else'],
} as const

const open = (): StoreUnderTest => {
  const directory = mkdtempSync(join(tmpdir(), 'serin-store-'))
  let store = openSqliteStore({ directory })
  return {
    store,
    reopen: () => {
      store.close()
      store = openSqliteStore({ directory })
      return store
    },
    close: () => {
      store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

storeContract('sqlite', open, [lock])
