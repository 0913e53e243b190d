/** A language model that streams: a version whose tokens come slower goes back because of that, an equal one is promoted. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openScene, rolloutEnd, type Scene } from './harness/control-plane.ts'
import { serviceFile } from './harness/service-file.ts'

void describe('a release of a language model', () => {
  let scene: Scene

  before(async () => {
    const file = serviceFile({
      program: fileURLToPath(new URL('harness/model-upstream.ts', import.meta.url)),
      replicas: 1,
      strategy: '{ kind: canary, steps: [{ weight: 50%, hold: 3s }] }',
      versions: { v1: '{}', slow: '{ env: { GAP_MS: "30" } }', equal: '{}' },
      more: `    metrics:
      errors: { kind: errors }
      inter-token-latency: { kind: generation, margin: 60%, tolerance: 30% }
      tokens-per-second: { kind: generation, role: monitor }
`,
    })
    scene = await openScene({
      file,
      load: { rate: 100, users: 3_000, path: '/v1/chat/completions', body: '{"stream":true}' },
    })
  })

  after(async () => {
    await scene[Symbol.asyncDispose]()
  })

  test('slower tokens roll it back, and it says so', async () => {
    const { client } = scene
    await client.release({ service: 'web', to: 'slow' })
    const { phase, reason, judgement } = await rolloutEnd(client, 90_000)
    assert.deepEqual([phase, reason], ['rolled-back', 'harmful'], judgement?.sentence)
    assert.equal(judgement?.harm.leading, 'inter-token-latency')
    assert.match(judgement.sentence, /inter-token-latency: [\d.]+ ms on canary \(\d+ counted\) against [\d.]+ ms/)
    const rate = judgement.metrics.find(({ name }) => name === 'tokens-per-second')
    assert.ok(rate !== undefined && (rate.canary ?? 0) < (rate.stable ?? 0), rate?.sentence)
  })

  test('an equal one is promoted on proof', async () => {
    const { client, load } = scene
    const before = await load.report()
    await client.release({ service: 'web', to: 'equal' })
    const { phase, sentence } = await rolloutEnd(client, 120_000)
    assert.equal(phase, 'promoted', sentence)
    const { failed, failures } = await load.report()
    assert.equal(failed, before.failed, failures.join('\n'))
  })
})
