import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReleasePlan } from '@serin/spec'
import { createPaper } from './paper.ts'
import { planLines, planMarkdown } from './plan.ts'

const paper = createPaper({ width: 100, height: null, cuts: false, colour: false })
const plan: ReleasePlan = {
  service: 'shop',
  stable: 'v1',
  canary: 'v2',
  strategy: 'canary',
  requestsPerSecond: 20,
  errorPercent: 0.5,
  users: 40_000,
  steps: [
    {
      weightBp: 500,
      holdMs: 300_000,
      pause: true,
      needs: ['a person'],
      earliestMs: 0,
      likelyMs: 0,
      stayMs: 612_000,
      exposedUsers: 2_000,
      requestsHere: 612,
      doubledErrors: { foundHere: 0.021, likelyMs: 3_961_000, p95Ms: 8_760_000, cost: 21.5 },
      smallestFound: 5.23,
    },
    {
      weightBp: 5_000,
      holdMs: 300_000,
      pause: false,
      needs: [],
      earliestMs: 300_000,
      likelyMs: null,
      stayMs: null,
      exposedUsers: 20_000,
      requestsHere: null,
      doubledErrors: { foundHere: null, likelyMs: null, p95Ms: null, cost: null },
      smallestFound: null,
    },
  ],
  promoted: { earliestMs: 600_000, likelyMs: null, canaryRequests: 0 },
  falseRollbackPercent: 1,
  notForecast: ['false-positives'],
}

test('a plan says when, who and what would be seen, and what it could not say', () => {
  const text = planLines(plan, paper).join('\n')
  assert.match(text, /^shop: v1 → v2 \(canary\), at 20.0 requests per second of which 0.50 % fail on v1\.$/m)
  assert.match(text, /^ +5 % +at once +at once +a person +2,000 +612 +2 % +1h6m +× 5\.23$/m)
  assert.match(text, /^ +50 % +5m +not by itself +– +20,000 +– +– +– +–$/m)
  assert.match(text, /is not promoted by itself at this traffic/)
  assert.match(text.replaceAll('\n', ' '), /found within 1h6m in half of all releases and within 2h26m in 95 %/)
  assert.match(text, /Not forecast, and perhaps slower: false-positives\./)
})

test('as Markdown it is a table with the same cells', () => {
  const lines = planMarkdown({ ...plan, users: null })
  assert.equal(
    lines[2],
    '| share | earliest | likely | waits for | requests | doubled errors seen | in | smallest seen |',
  )
  assert.equal(lines[4], '| 5 % | at once | at once | a person | 612 | 2 % | 1h6m | × 5.23 |')
})

test('named steps and what each waits for are said', () => {
  const [first, ...rest] = plan.steps
  const needs = ['smoke: ./smoke.sh ends with 0 within 10m', 'approval: 2 people']
  const named = { ...plan, steps: first === undefined ? [] : [{ ...first, name: 'preview', needs }, ...rest] }
  const text = planLines(named, paper).join('\n')
  assert.match(text, /^STEP +SHARE/m)
  assert.match(text, /^preview +5 % +at once +at once +2 things/m)
  assert.match(text, /Step 1 \(preview\) waits for smoke: \.\/smoke\.sh ends with 0 within 10m; approval: 2/)
})
