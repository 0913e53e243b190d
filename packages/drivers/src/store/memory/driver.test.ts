import { storeContract } from '@serin/kit/contract'
import { createMemoryMedium, openMemoryStore } from './driver.ts'

storeContract('memory', () => {
  const medium = createMemoryMedium()
  const store = openMemoryStore(medium)
  const again = () => openMemoryStore(medium)
  return { store, reopen: again, takeOver: again, close: () => store.close() }
})
