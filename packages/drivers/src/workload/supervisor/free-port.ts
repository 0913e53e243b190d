import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port on loopback that was free a moment ago. Somebody may take it before the replica does; then the replica ends and gets another. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('The system gave no port.')
  return address.port
}
