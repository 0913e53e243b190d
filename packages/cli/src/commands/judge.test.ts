import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { run } from '../testing/run.ts'

const examples = join(import.meta.dirname, '..', '..', '..', '..', 'examples', 'kayenta')
const directory = mkdtempSync(join(tmpdir(), 'serin-judge-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const judge = (metrics: string, ...more: readonly string[]) =>
  run(['judge', 'canary-config.json', metrics, ...more], { cwd: examples })

/** Writes the example's file after a change, and runs with it. */
async function judgeChanged(file: 'canary-config.json' | 'metrics-pass.json', from: string, to: string) {
  for (const name of ['canary-config.json', 'metrics-pass.json'])
    writeFileSync(join(directory, name), readFileSync(join(examples, name)))
  const text = readFileSync(join(examples, file), 'utf8')
  assert.ok(text.includes(from), from)
  writeFileSync(join(directory, file), text.replace(from, to))
  return await run(['judge', 'canary-config.json', 'metrics-pass.json'], { cwd: directory })
}

test('a canary that passes: the table, the score, exit code 0', async () => {
  const { code, stdout, stderr } = await judge('metrics-pass.json')
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^METRIC +LABEL +GROUPS +CANARY +STABLE +EFFECT +POINTS +REASON$/m)
  assert.match(stdout, /^error ratio +Pass +Errors .* 30 \/ 30 /m)
  // One outlier of 2400 ms was removed.
  assert.match(stdout, /^latency p95 +Pass +Latency .* 29 \/ 30 /m)
  assert.match(
    stdout,
    /^Groups: Errors 100 \(60 %\), Latency 100 \(40 %\)\nScore 100: Pass \(pass 95, marginal 75\)\.$/m,
  )
})

test('a critical failure makes the score 0, a lighter one costs its weight; both are exit code 1', async () => {
  const failed = await judge('metrics-fail.json')
  assert.equal(failed.code, 1)
  assert.match(failed.stdout, /^error ratio +High \(critical\) .*\n/m)
  assert.match(failed.stdout, /^Score 0: Fail .* A critical metric failed\.$/m)
  const marginal = await judge('metrics-marginal.json')
  assert.equal(marginal.code, 1)
  assert.match(marginal.stdout, /^Score 80: Marginal/m)
})

test('thresholds of the command line come before those of the file', async () => {
  assert.equal((await judge('metrics-marginal.json', '--pass', '80')).code, 0)
  const strict = await judge('metrics-marginal.json', '--marginal', '90', '-o', 'json')
  const { verdict, score, marginal, pass } = JSON.parse(strict.stdout) as Record<string, unknown>
  assert.deepEqual([strict.code, verdict, score, marginal, pass], [1, 'Fail', 80, 90, 95])
  const wrong = await judge('metrics-pass.json', '--pass', '101')
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /--pass is "101"; expected a score from 0 to 100/)
  assert.equal((await judge('metrics-pass.json', '--pass', '10')).code, 2)
})

test('for a program everything is data', async () => {
  const { stdout } = await judge('metrics-fail.json', '-o', 'json')
  const { verdict, metrics } = JSON.parse(stdout) as { verdict: string; metrics: Record<string, unknown>[] }
  assert.equal(verdict, 'Fail')
  const [first] = metrics
  assert.deepEqual([first?.['name'], first?.['label'], first?.['critical']], ['error ratio', 'High', true])
  assert.ok(Number(first?.['effect']) > 1.5 && Number(first?.['low']) > 0)
})

test('what cannot be judged is told with its key, exit code 2', async () => {
  const config = 'canary-config.json'
  const metrics = 'metrics-pass.json'
  for (const [file, from, to, said] of [
    [
      config,
      '"critical": true',
      '"critcal": true',
      /metrics\.0\.analysisConfigurations\.canary: unknown key "critcal", did you mean critical\?/,
    ],
    [config, '"direction": "increase"', '"direction": "up"', /metrics\.0\.analysisConfigurations\.canary\.direction: /],
    [config, '"allowedIncrease": 1.1', '"allowedIncrease": -1', /effectSize\.allowedIncrease: /],
    [config, '"Errors": 60', '"Errors": 160', /classifier\.groupWeights\.Errors: /],
    [config, '{', '', /is not JSON/],
    [
      metrics,
      '"name": "latency p50"',
      '"name": "latency p75"',
      /"latency p75" is no metric of the canary config\. Known: error ratio, latency p95, latency p50\./,
    ],
    [metrics, '"control": [', '"control": ["none", ', /0\.values\.control\.0: expected a number, null or "NaN"/],
    [metrics, '"experiment"', '"experimental"', /0\.values\.experiment: /],
  ] as const) {
    const { code, stderr, stdout } = await judgeChanged(file, from, to)
    assert.deepEqual([code, stdout], [2, ''], `${to}\n${stderr}`)
    assert.match(stderr, said)
    assert.match(stderr, /\[canary-config\.invalid\]/)
  }
  const absent = await judge('nothing.json')
  assert.equal(absent.code, 2)
  assert.match(absent.stderr, /nothing\.json cannot be read/)
  const json = await judge('nothing.json', '-o', 'json')
  assert.equal((JSON.parse(json.stderr) as { code: string }).code, 'config.unreadable')
})

test('a metric that is split by tags is judged once per pair; one without a pair has no data', async () => {
  const metrics = JSON.parse(readFileSync(join(examples, 'metrics-pass.json'), 'utf8')) as {
    name: string
    tags: object
  }[]
  const [errors, p95] = metrics
  writeFileSync(
    join(directory, 'tagged.json'),
    JSON.stringify([{ ...errors, tags: { zone: 'a' } }, { ...errors, tags: { zone: 'b' } }, p95]),
  )
  const { code, stdout } = await run(['judge', join(examples, 'canary-config.json'), 'tagged.json', '-o', 'json'], {
    cwd: directory,
  })
  const { metrics: judged } = JSON.parse(stdout) as { metrics: { name: string; label: string }[] }
  assert.equal(code, 0)
  assert.deepEqual(
    judged.map(({ name, label }) => `${name}: ${label}`),
    ['error ratio {zone=a}: Pass', 'error ratio {zone=b}: Pass', 'latency p95: Pass', 'latency p50: Nodata'],
  )
})
