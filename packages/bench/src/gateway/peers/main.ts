/** A proxy on Node as a process: `node main.ts NAME PORT-OF-CANARY PORT-OF-STABLE`. Prints its port. */
import { compilePick, murmurHash2, viewOf } from '@serin/core/assignment'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { canaryBp, salt, unitCookie, versions } from '../load/requests.ts'
import { peers } from './all.ts'
import type { Choose } from './peer.ts'

/** As long as nginx keeps them. */
const keptMs = 75_000

const [name = '', canary, stable] = process.argv.slice(2)
const entry = peers[name]
if (entry === undefined) throw new Error(`Unknown proxy "${name}". Known: ${Object.keys(peers).join(', ')}.`)

const pick = compilePick([
  { version: versions.canary, endpoints: [], weightBp: canaryBp },
  { version: versions.stable, endpoints: [], weightBp: 10_000 - canaryBp },
])
const bases: Readonly<Record<string, string>> = {
  [versions.canary]: `http://127.0.0.1:${canary}`,
  [versions.stable]: `http://127.0.0.1:${stable}`,
}
const choose: Choose = (cookies) => {
  const unit = viewOf({ headers: { cookie: cookies }, target: '/', address: '' }).cookie(unitCookie) ?? ''
  return bases[pick(murmurHash2(salt + unit))] ?? ''
}

const { peer } = await entry.load()
const served = await peer(choose)
process.stdout.write(
  String(typeof served === 'number' ? served : await listening(createServer({ keepAliveTimeout: keptMs }, served))),
)
process.on('SIGTERM', () => process.exit(0))

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return address.port
}
