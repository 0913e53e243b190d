/**
 * The control plane is dead when canary turns bad, with real processes: the gateway takes canary's share away by itself, and the next
 * control plane rolls back.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openScene, rolloutEnd } from './harness/control-plane.ts'
import { serviceFile } from './harness/service-file.ts'
import { until } from './harness/until.ts'

test('a canary that turns bad while nobody watches loses its share, and is rolled back later', async (t) => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'serin-e2e-'))
  t.after(() => rmSync(elsewhere, { recursive: true, force: true }))
  const bad = join(elsewhere, 'bad')
  const file = serviceFile({
    strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 1h }] }',
    versions: { v1: '{}', v2: `{ env: { FAIL_WHEN: ${JSON.stringify(bad)} } }` },
    more: '    metrics: { errors: { kind: errors } }\n',
  })
  await using scene = await openScene({ file, load: { rate: 200, users: 5_000 } })
  const { client, load, controlPlane, dataDirectory } = scene
  await client.release({ service: 'web', to: 'v2', why: 'to turn bad' })
  await until('canary to serve', async () => ((await load.report()).byVersion['v2'] ?? 0) > 50 || null)

  await controlPlane.kill()
  writeFileSync(bad, '')
  const pulled = await until('the gateway to pull back', () => {
    const memory: { pulled: { at: number } | null } | null = JSON.parse(
      readFileSync(join(dataDirectory, 'services', 'web', 'gateway', 'reflex.json'), 'utf8'),
    )
    return memory?.pulled ?? null
  })
  // What was on its way to canary ends first.
  const more = async (count: number) => {
    const { answered } = await load.report()
    return await until(`${count} more answers`, async () => {
      const report = await load.report()
      return report.answered >= answered + count ? report : null
    })
  }
  const { failed, byVersion } = await more(50)
  // Six errors are enough for the evidence; what is on its way meanwhile is little at this rate.
  assert.ok(failed >= 3 && failed <= 30, `${failed} failed`)
  const after = await more(200)
  assert.equal(after.failed, failed, 'nobody sees an error any more')
  assert.equal(after.byVersion['v2'], byVersion['v2'])
  t.diagnostic(`${failed} requests failed; pulled at ${pulled.at}`)

  const next = await controlPlane.start()
  const end = await rolloutEnd(next)
  assert.deepEqual([end.phase, end.reason], ['rolled-back', 'harmful'])
  assert.match(end.sentence, /The gateway sent the traffic of v2 back to v1 by itself/)
  assert.equal((await load.stop()).failed, failed)
})
