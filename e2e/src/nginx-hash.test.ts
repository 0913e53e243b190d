/**
 * Asks a real nginx which version its `split_clients` gives, and compares. `SERIN_WRITE_VECTORS=1` also records about 200 answers as the
 * vectors the unit test of the core reads.
 */
import { assign, boundOf, murmurHash2 } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { freePort } from './harness/free-port.ts'
import { nginx } from './harness/proxies.ts'

const salt = 'rollout-42:'

/** Arms of each split in basis points; the last is nginx's `*`. */
const splits: Readonly<Record<string, readonly (readonly [version: string, weightBp: number])[]>> = {
  smallest: [
    ['canary', 1],
    ['stable', 9_999],
  ],
  one: [
    ['canary', 100],
    ['stable', 9_900],
  ],
  five: [
    ['canary', 500],
    ['stable', 9_500],
  ],
  third: [
    ['canary', 3_333],
    ['stable', 6_667],
  ],
  half: [
    ['canary', 5_000],
    ['stable', 5_000],
  ],
  almost: [
    ['canary', 9_999],
    ['stable', 1],
  ],
  three: [
    ['a', 1],
    ['b', 3_333],
    ['c', 6_666],
  ],
}

const skip = nginx === undefined ? 'nginx is not installed: the recorded vectors in core are still checked' : false

test('the hash gives each of 4000 ids the version a real nginx gives it', { skip, timeout: 60_000 }, async () => {
  const units = someUnits()
  const answers = await askNginx(nginx ?? 'nginx', units)
  const mismatches: string[] = []
  for (const [i, unit] of units.entries()) {
    const ours = Object.values(splits)
      .map((arms) => assign({ salt, arms: armsOf(arms) }, unit))
      .join(' ')
    if (ours !== answers[i]) mismatches.push(`${unit}: nginx ${answers[i] ?? ''}, ours ${ours}`)
  }
  assert.deepEqual(mismatches, [])
  assert.ok(answers.filter((line) => line.startsWith('canary')).length >= 10, 'some ids lie within 0.01 %')
  if (process.env['SERIN_WRITE_VECTORS'] === '1') record(units, answers)
})

function armsOf(
  arms: readonly (readonly [string, number])[],
): { version: string; weightBp: number; endpoints: string[] }[] {
  return arms.map(([version, weightBp]) => ({ version, weightBp, endpoints: [] }))
}

/** Sequential, random, long, one-byte and non-ASCII ids, and ids close to the bound of 0.01 % that chance would rarely hit. */
function someUnits(): string[] {
  const units = ['a', 'ab', 'abc', 'abcd', 'é', 'Zoë Müller', '日本語', '🐤', 'x'.repeat(300)]
  for (let i = 0; i < 2_000; i += 1) units.push(`user-${i}`)
  for (let i = 0; i < 1_900; i += 1)
    units.push(murmurHash2(`seed ${i}`).toString(36) + murmurHash2(`${i} seed`).toString(16))
  for (let i = 0; units.length < 4_000; i += 1) {
    if (murmurHash2(`${salt}edge-${i}`) < boundOf(2)) units.push(`edge-${i}`)
  }
  return units
}

async function askNginx(nginx: string, units: readonly string[]): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'serin-nginx-'))
  const port = await freePort()
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration(directory, port))
  const child = spawn(nginx, ['-p', directory, '-c', file, '-g', 'daemon off;'], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  try {
    await untilAnswers(port, agent)
    const answers: string[] = []
    for (let at = 0; at < units.length; at += 200) {
      answers.push(...(await Promise.all(units.slice(at, at + 200).map(async (unit) => await ask(port, agent, unit)))))
    }
    return answers
  } finally {
    agent.destroy()
    child.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
}

function configuration(directory: string, port: number): string {
  const blocks = Object.entries(splits).map(([name, arms]) => {
    const lines = arms.map(
      ([version, weightBp], i) => `${i === arms.length - 1 ? '*' : `${(weightBp / 100).toFixed(2)}%`} ${version};`,
    )
    return `split_clients "${salt}\${http_x_user}" $${name} { ${lines.join(' ')} }`
  })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  )
  return `
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  keepalive_requests 1000000;
  ${temporary.join('\n  ')}
  ${blocks.join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / { return 200 "${Object.keys(splits)
      .map((name) => `$${name}`)
      .join(' ')}"; }
  }
}
`
}

async function untilAnswers(port: number, agent: Agent): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await ask(port, agent, 'ready')
      return
    } catch (error) {
      if (attempt > 200) throw error
      await sleep(20)
    }
  }
}

/** Header values travel as bytes: Node writes them as Latin-1, so UTF-8 goes in byte by byte. */
async function ask(port: number, agent: Agent, unit: string): Promise<string> {
  const headers = { 'x-user': Buffer.from(unit, 'utf8').toString('latin1') }
  return await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text)).on('error', reject)
    }).on('error', reject)
  })
}

function record(units: readonly string[], answers: readonly string[]): void {
  const chosen = units.flatMap((unit, i) =>
    i < 9 || i % 25 === 0 || i >= units.length - 30 ? [[unit, answers[i]]] : [],
  )
  const version = spawnSync(nginx ?? 'nginx', ['-v'])
    .stderr.toString()
    .trim()
  const vectors = chosen.map((pair) => JSON.stringify(pair)).join(',\n    ')
  const text = `{\n  "source": ${JSON.stringify(version)},\n  "salt": ${JSON.stringify(salt)},\n  "splits": ${JSON.stringify(splits)},\n  "vectors": [\n    ${vectors}\n  ]\n}\n`
  writeFileSync(new URL('../../packages/core/src/assignment/nginx-vectors.json', import.meta.url), text)
}
