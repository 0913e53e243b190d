import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kept } from './kept.ts'

test(
  'a kept connection is used again, opened again when it was closed meanwhile, and tells when an answer is cut',
  { timeout: 60_000 },
  async () => {
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.on('error', () => {}).setEncoding('latin1')
      socket.on('data', (said: unknown) => {
        if (said === 'cut\n') socket.end('half')
        else socket.write(String(said), () => (said === 'last\n' ? socket.end() : null))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const kept = new Kept({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
    const isWhole = (said: string): boolean => said.endsWith('\n')
    try {
      assert.equal(await kept.ask('one\n', isWhole), 'one\n')
      assert.equal(await kept.ask('last\n', isWhole), 'last\n')
      assert.equal(connections, 1)
      await sleep(200)
      assert.equal(await kept.ask('more\n', isWhole), 'more\n')
      assert.equal(connections, 2)
      await assert.rejects(kept.ask('cut\n', isWhole), /Only "half" was answered to: cut/)
    } finally {
      kept.close()
      server.close()
    }
  },
)
