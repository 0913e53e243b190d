import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { worldNames } from '@serin/spec'
import { run } from '../testing/run.ts'

const directory = mkdtempSync(join(tmpdir(), 'serin-simulate-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const put = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content)

put(
  'serin.yaml',
  `serin: v1
services:
  shop:
    listen: 8080
    unit: [{ cookie: id }]
    workload: { kind: process, command: [node, server.js] }
    versions: { v1: {}, v2: {} }
    stable: v1
    strategy: { kind: canary, deadline: 10m, steps: [{ weight: 10%, hold: 1m }, { weight: 50%, hold: 1m }] }
`,
)
put('world.yaml', 'world: v1\ntraffic: { rate: 80 }\nusers: { count: 2000 }\ncanary: { errors: 30% }\n')

const simulate = (...more: readonly string[]) => run(['simulate', ...more], { cwd: directory })

test('a table, a chart and sentences, the same for the same seed', async () => {
  const asked = ['shop', '--to', 'v2', '--world', 'world.yaml', '--seeds', '12'] as const
  const { code, stdout, stderr } = await simulate(...asked)
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^shop: v1 → v2 \(canary\), released 12 times in the world "world\.yaml" at 80\.0\s+requests/)
  assert.match(stdout, /^OUTCOME +RUNS +SHARE +95 % INTERVAL +MEDIAN +90 % +USERS +REQUESTS +FAILURES +EXTRA$/m)
  assert.match(stdout, /^rolled-back \(harmful\) +12 +100 % +75\.7 % – 100 % /m)
  assert.match(stdout, /^ {4}10 % +[█░]+/m)
  assert.match(stdout, /rolled back\s+in 12 \(75\.7 % to 100 %\)/)
  for (const line of stdout.split('\n').slice(6)) assert.ok(line.length <= 80, line)
  assert.equal((await simulate(...asked)).stdout, stdout)
  const other = await simulate(...asked, '--seed', '100')
  assert.notEqual(other.stdout, stdout)
})

test('for a program everything is data, and one release can be looked at again', async () => {
  const several = await simulate('--to', 'v2', '--world', 'world.yaml', '--seeds', '3', '-o', 'json')
  const one = await simulate('--to', 'v2', '--world', 'world.yaml', '--seeds', '1', '--seed', '3', '-o', 'json')
  const read = (text: string) => JSON.parse(text) as { runs: { seed: number }[]; shares: object; bands: unknown[] }
  assert.deepEqual(read(several.stdout).runs[2], read(one.stdout).runs[0])
  assert.deepEqual(
    [Object.keys(read(one.stdout).shares), read(one.stdout).bands.length],
    [['promoted', 'rolled-back', 'held', 'undecided'], 60],
  )
})

test('traffic, users and failures come from a log, packed or not', async () => {
  const entry = (i: number) =>
    `10.0.0.${i % 200} - - [01/Jan/2026:00:0${i % 10}:00 +0000] "GET / HTTP/1.1" ${i % 50 === 0 ? 500 : 200} 5\n`
  const text = Array.from({ length: 6_000 }, (_, i) => entry(i)).join('')
  put('access.log', text)
  put('access.log.gz', gzipSync(text))
  const asked = ['--to', 'v2', '--world', 'dead', '--seeds', '2'] as const
  const plain = await simulate(...asked, '--log', 'access.log')
  const packed = await simulate(...asked, '--log', 'access.log.gz')
  assert.match(plain.stdout, /in the world "dead on\s+access\.log"\s+at\s+10\.0\s+requests/)
  assert.match(plain.stdout, /^rolled-back \(harmful\) +2 /m)
  const table = (text: string) => text.slice(text.indexOf('OUTCOME'))
  assert.equal(table(packed.stdout), table(plain.stdout))
  put('other.log', 'nothing\n')
  const other = await simulate(...asked, '--log', 'other.log')
  assert.match(other.stderr, /other\.log is no access log/)
})

test('rate, failures and time can be said instead of those of the world', async () => {
  const asked = ['--to', 'v2', '--world', 'low-traffic', '--seeds', '1', '-o', 'json'] as const
  const { stdout } = await simulate(...asked, '--rate', '40', '--errors', '2%', '--hours', '0.02')
  const { requestsPerSecond, errorPercent, hours, outcomes, runs } = JSON.parse(stdout) as {
    requestsPerSecond: number
    errorPercent: number
    hours: number
    outcomes: { outcome: string }[]
    runs: { atMs: number }[]
  }
  assert.deepEqual([requestsPerSecond, errorPercent, hours], [1, 2, 0.02])
  assert.equal(outcomes[0]?.outcome, 'undecided')
  assert.ok((runs[0]?.atMs ?? 0) < 120_000)
})

test('what cannot be simulated is said in one sentence', async () => {
  const wrong = async (words: RegExp, ...more: readonly string[]) => {
    const { code, stderr } = await simulate(...more)
    assert.match(stderr, words)
    assert.notEqual(code, 0)
  }
  await wrong(
    /No world is called "helthy"\. .* Did you mean healthy\? Or give a file\./,
    '--to',
    'v2',
    '--world',
    'helthy',
  )
  await wrong(/shop has no version "v3"\. Known: v1, v2\./, '--to', 'v3')
  await wrong(/v1 is the stable version of shop/, '--to', 'v1')
  await wrong(/serin\.yaml has no service "shpo"\..* Did you mean shop\?/, 'shpo', '--to', 'v2')
  await wrong(/--seeds is "0"; expected a whole number from 1 to 100000/, '--to', 'v2', '--seeds', '0')
  await wrong(/--hours is "721"; expected a number above 0, at most 720/, '--to', 'v2', '--hours', '721')
  await wrong(/--errors is "many"; expected a percentage from 0 to 50/, '--to', 'v2', '--errors', 'many')
  await wrong(/leave out --rate and --errors/, '--to', 'v2', '--rate', '3', '--log', 'access.log')
  await wrong(/none\.yaml cannot be read/, '--to', 'v2', '--world', 'none.yaml')
  put('bad.yaml', 'world: v1\ncanary: { errors: many }\n')
  await wrong(/bad\.yaml:2:19: canary\.errors: Expected a percentage/, '--to', 'v2', '--world', 'bad.yaml')
  put('broken.log.gz', Buffer.from([0x1f, 0x8b, 1, 2, 3]))
  await wrong(/broken\.log\.gz cannot be unpacked/, '--to', 'v2', '--log', 'broken.log.gz')
})

test('the help names every world', async () => {
  const { stdout } = await simulate('--help')
  assert.ok(stdout.replaceAll(/\s+/g, ' ').includes(`Worlds with a name: ${worldNames.join(', ')}.`))
})
