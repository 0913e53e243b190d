import type { Store } from '@serin/kit'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from './driver.ts'
import { temporaryDirectory } from './testing/directory.ts'

const kills = Number(process.env['SERIN_KILLS'] ?? 25)
const seed = Number(process.env['SERIN_SEED'] ?? Date.now() % 1_000_000)
const writer = fileURLToPath(new URL('testing/writer.ts', import.meta.url))

/** A number in [0, 1) from the seed and a turn: the same kills again with the same seed, as far as the machine allows. */
function chance(turn: number): number {
  const mixed = Math.imul((seed + turn * 2) ^ 0x9e_37_79_b9, 0x85_eb_ca_6b)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}

/** Lets a writer run and kills it: one time in four while it opens, else within or after a random commit. Returns the last number it acknowledged. */
async function killedAfterAWhile(directory: string, turn: number): Promise<number> {
  const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const gone = once(child, 'close')
  const reader = createInterface({ input: child.stdout })
  const enough = 2 + Math.floor(chance(turn) * 40)
  const written = new Promise<void>((resolve) => {
    reader.on('line', (line) => {
      lines.push(line)
      if (lines.length >= enough) resolve()
    })
  })
  await (turn % 4 === 3 ? sleep(chance(turn) * 200) : Promise.race([written, gone]))
  await sleep(chance(turn + 0.5) * 4)
  child.kill('SIGKILL')
  await gone
  return Number(lines.findLast((line) => line !== 'open') ?? 0)
}

/** Everything a commit wrote is there together, or nothing of it. */
function written(store: Store): number {
  const known = store.get('state')
  const n = typeof known === 'number' ? known : 0
  const last = store.journal({ newestFirst: true, limit: 1 })[0]
  assert.deepEqual([last?.seq ?? 0, last?.data['n'] ?? 0], [n, n])
  assert.deepEqual(store.verify(), { ok: true, entries: n, firstBad: null })
  assert.equal(store.evidence('test', 0, n + 2).at(-1)?.value ?? 0, n)
  for (const { value } of store.list('document/')) assert.ok((value as { n: number }).n <= n)
  return n
}

test(`a writer killed ${kills} times loses no acknowledged commit and leaves none half-written`, async (t) => {
  using directory = temporaryDirectory()
  let total = 0
  for (let turn = 0; turn < kills; turn += 1) {
    const before = total
    const acknowledged = await killedAfterAWhile(directory.path, turn)
    const again = `SERIN_SEED=${seed} SERIN_KILLS=${kills}, kill ${turn + 1}`
    const store = openSqliteStore({ directory: directory.path })
    try {
      total = written(store)
      assert.ok(total >= Math.max(before, acknowledged), `${acknowledged} acknowledged, ${total} there (${again})`)
      assert.ok(total <= Math.max(before, acknowledged) + 1, `${total} there, ${acknowledged} acknowledged (${again})`)
    } finally {
      store.close()
    }
  }
  t.diagnostic(`seed ${seed}: ${kills} kills, ${total} commits`)
  assert.ok(total > 0)
})

test('a first start that is killed leaves a directory that opens', async () => {
  for (let turn = 0; turn < kills / 2; turn += 1) {
    using directory = temporaryDirectory()
    const child = spawn(process.execPath, [writer, directory.path], { stdio: 'ignore' })
    const gone = once(child, 'close')
    await Promise.race([made(directory.path), gone])
    await sleep(chance(turn) * 20)
    child.kill('SIGKILL')
    await gone
    const store = openSqliteStore({ directory: directory.path })
    written(store)
    store.close()
  }
})

/** Resolves when the first file is there: the store is just being made. */
async function made(directory: string): Promise<void> {
  while (readdirSync(directory).length === 0) await sleep(1)
}
