import { storeContract } from '@serin/kit/contract'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from './driver.ts'

storeContract('sqlite', () => {
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
})
