import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RolloutDocument } from './documents.ts'
import { listed } from './rollout-list.ts'

const many = Array.from({ length: 10_000 }, (_each, i) => ({
  rollout: {
    id: `shop-${i + 1}`,
    number: i + 1,
    startedAt: Math.floor(i / 2),
    plan: { stable: `v${i}`, canary: `v${i + 1}`, strategy: 'canary' },
    state: i % 100 === 0 ? { phase: 'rolled-back', reason: 'harmful' } : { phase: 'promoted' },
  } as unknown as RolloutDocument,
}))

const ids = (which: Parameters<typeof listed>[1], limit: number) =>
  listed(many, which, limit)?.map(({ rollout }) => rollout.id)

test('pages begin after the last of the page before, and leave nobody out', () => {
  const all: string[] = []
  for (;;) {
    const page = ids({ before: all.at(-1) }, 700) ?? []
    if (page.length === 0) break
    all.push(...page)
  }
  assert.deepEqual(all, many.map(({ rollout }) => rollout.id).toReversed())
  assert.equal(ids({ before: 'nobody-1' }, 3), undefined)
})

test('words are looked for in all of them, and all have to be there', () => {
  assert.deepEqual(ids({ find: 'harmful ROLLED' }, 2), ['shop-9901', 'shop-9801'])
  assert.deepEqual(ids({ find: 'harmful', before: 'shop-101' }, 5), ['shop-1'])
  assert.deepEqual(ids({ find: 'harmful promoted' }, 5), [])
})
