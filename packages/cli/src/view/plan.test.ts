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
  assert.match(text, /^preview +5 % +at once +at once +smoke, approval /m)
  assert.match(text, /Step 1 \(preview\) waits for smoke: \.\/smoke\.sh ends with 0 within 10m; approval: 2/)
})

test('a share that grows evenly says from where; needs that the cell has told are not told twice, too long ones below', () => {
  const [first] = plan.steps
  assert.ok(first)
  const steps = [
    { ...first, weightBp: 10_000, fromBp: 2_500, needs: ['2 copies ready'] },
    { ...first, needs: ['answers alike: 100 compared, at most 1 % different'] },
    { ...first, needs: ['security-review-of-the-team: 2 people', 'a-long-name-for-smoke-tests: ./smoke ends with 0'] },
  ]
  const promoted = { ...plan.promoted, likelyMs: 700_000 }
  const text = planLines({ ...plan, steps, promoted }, paper).join('\n')
  assert.match(text, /^25 → 100 % +at once +at once +2 copies ready /m)
  assert.match(text, /^ +5 % .* answers alike /m)
  assert.match(text, /^ +5 % .* 2 things /m)
  assert.doesNotMatch(text, /Step 1 waits/)
  assert.match(text, /^Step 2 waits for answers alike: 100 compared, at most 1 % different\.$/m)
  assert.match(text, /^Step 3 waits for security-review-of-the-team: 2 people; a-long-name-for-smoke-tests: /m)
  assert.match(text, /Copies, gates and people take their own time on top\./)
})

test('columns without anything to say are left out: no names, no waiting, no errors to double', () => {
  const quiet = { foundHere: null, likelyMs: null, p95Ms: null, cost: null }
  const steps = plan.steps.map((step) => ({ ...step, needs: [], doubledErrors: quiet, smallestFound: null }))
  const [title] = planLines({ ...plan, users: null, errorPercent: 0, steps }, paper).slice(2)
  assert.equal(title?.trim().replaceAll(/ +/g, ' '), 'SHARE EARLIEST LIKELY REQUESTS')
  assert.equal(planMarkdown({ ...plan, users: null, steps })[2], '| share | earliest | likely | requests |')
})

test('an experiment is not promoted for behaving as stable does', () => {
  const promoted = { earliestMs: 10_000, likelyMs: 316_000, canaryRequests: 10_045 }
  const experiment = { metric: 'sales', maxUnits: 20_000 }
  const text = planLines({ ...plan, strategy: 'ab', experiment, promoted }, paper).join(' ')
  assert.match(
    text,
    /v2 is promoted when it is shown to be better than v1 at sales, after 10s at the earliest; after 20,000/,
  )
  assert.match(text, /If it takes them all it is over after about 5m16s, and v2 has answered about 10,045 requests\./)
  assert.doesNotMatch(text, /behaves as stable is promoted/)
})
