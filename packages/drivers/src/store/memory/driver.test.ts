import { storeContract } from '@serin/kit/contract'
import { openMemoryStore } from './driver.ts'

storeContract(
  'memory',
  () => {
    const store = openMemoryStore()
    return { store, reopen: () => store, close: () => store.close() }
  },
  [
    {
      reason: 'It forgets on purpose: it is for the simulator and for tests.',
      tests: ['what was committed is there after a reopening'],
    },
  ],
)
