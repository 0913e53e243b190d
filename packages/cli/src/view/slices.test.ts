import type { Rollout, SliceReading } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgement, rollout } from '../testing/statuses.ts'
import { explainLines } from './explain.ts'
import { createPaper } from './paper.ts'
import { sliceNote } from './slices.ts'

function cell(value: string, errors: number, flagged = false): SliceReading {
  const stable = { requests: 3_000, errors: 60 }
  return { slice: 'device', value, canary: { requests: 1_000, errors }, stable, logE: flagged ? 20 : -0.5, flagged }
}

const flagged = [cell('android', 120, true), cell('\u001b[31miphone', 20), cell('other', 21)]
const linesOf = (subject: Rollout): readonly string[] => explainLines(subject, createPaper({ width: 80 }))

test('an explanation lists the slices, worst first, and says that they are advice', () => {
  const lines = linesOf(rollout({ judgement: judgement({ slices: flagged }) }))
  const at = lines.findIndex((line) => line.startsWith('slices  '))
  assert.deepEqual(lines.slice(at), [
    'slices  advice: no slice changes a verdict',
    '  SLICE                        V2              V1          EVIDENCE',
    '  device android  12.0 % of 1,000  2.0 % of 3,000  485,165,195 to 1  ■ worse',
    '  device iphone    2.0 % of 1,000  2.0 % of 3,000          0.6 to 1',
    '  device other     2.1 % of 1,000  2.0 % of 3,000          0.6 to 1',
  ])
  for (const subject of [rollout(), rollout({ judgement: judgement({ slices: [] }) })])
    assert.ok(linesOf(subject).every((line) => !line.startsWith('slices')))
})

test('a note comes only when something is flagged, and fits the paper', () => {
  const paper = createPaper({ width: 60 })
  assert.deepEqual(sliceNote(judgement({ slices: flagged.slice(1) }), paper), [])
  assert.deepEqual(sliceNote(judgement(), paper), [])
  const note = sliceNote(judgement({ slices: [...flagged.slice(0, 1), cell('tablet', 90, true)] }), paper)
  assert.ok(note.every((line) => line.length <= 62))
  assert.equal(
    note.map((line) => line.trim()).join(' '),
    '▲ worse on device android: 12.0 % of 1,000 fail on canary, 2.0 % of 3,000 on stable, and 1 more. Advice: to pause or abort is up to you.',
  )
})
