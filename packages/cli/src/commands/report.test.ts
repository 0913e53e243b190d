import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Report } from '../report/report.ts'
import { openWorld, type World } from '../testing/control-plane.ts'

let world: World
before(async () => {
  world = await openWorld()
  await world.serin('apply')
  await world.serin('release shop --to v2 --why "<script>alert(1)</script> | @all"')
  await world.until('status shop', ({ stdout }) => stdout.includes('at 10 %'))
  await world.serin('abort shop --why enough')
  await world.until('status shop', ({ stdout }) => stdout.includes('rolled back'))
})
after(() => world.close())

test('the page loads nothing, runs nothing, and tells the whole story', async () => {
  const { code, stderr } = await world.serin('report shop --out shop.html')
  assert.deepEqual([code, stderr], [0, 'Wrote shop.html.\n'])
  const html = readFileSync(join(world.directory, 'shop.html'), 'utf8')
  assert.match(
    html,
    /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">/,
  )
  assert.doesNotMatch(html, /<script|src=|href=|url\(|@import/i)
  assert.doesNotMatch(html, /NaN|undefined|Infinity/)
  for (const part of [
    '<svg',
    'v1 → v2',
    'Where it went',
    'Who did what',
    'enough',
    '&lt;script&gt;',
    'serin explain shop-1',
  ])
    assert.ok(html.includes(part), part)
})

test('Markdown is the default, and what people wrote stays text', async () => {
  const { code, stdout } = await world.serin('report shop-1')
  assert.equal(code, 0)
  assert.match(stdout, /^## . shop-1: /)
  assert.match(stdout, /```text\n/)
  assert.ok(!stdout.includes('<script>') && !stdout.includes('@all'))
  assert.equal((await world.serin('report shop-1 -o md')).stdout.split('\n')[0], stdout.split('\n')[0])
})

test('JSON is all of it', async () => {
  const { rollout, points, entries } = await world.json<Report>('report shop')
  assert.deepEqual([rollout.id, rollout.phase], ['shop-1', 'rolled-back'])
  assert.ok(points.length > 0)
  assert.deepEqual([entries[0]?.kind, entries.at(-1)?.data['to']], ['rollout.started', 'rolled-back'])
})

test('formats are those of the command; names are one a line', async () => {
  assert.equal((await world.serin('get rollouts -o name')).stdout, 'rollout/shop-1\n')
  assert.equal((await world.serin('get services -o name')).stdout, 'service/shop\n')
  assert.match((await world.serin('get versions -o name')).stdout, /^version\/shop\/v1\n/)
  const wrong = await world.serin('status -o html')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /"html" is not a --output\. Known: text, wide, json, yaml\./)
  const nowhere = await world.serin('report shop --out no/such/place.html')
  assert.match(nowhere.stderr, /no\/such\/place\.html cannot be written/)
})
