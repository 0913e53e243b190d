import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import * as fc from 'fast-check'
import { judgement, latencyReading, noon, reading, rollout, service, snapshot, version } from '../testing/statuses.ts'
import { createPaper } from './paper.ts'
import { textWidth } from './text.ts'
import { watchLines, type Snapshot } from './watch.ts'

const paper = createPaper({ width: 80 })

function draws(t: TestContext, moment: Snapshot, on = paper): void {
  t.assert.snapshot(`\n${watchLines(moment, on).join('\n')}\n`, { serializers: [String] })
}

const rolledBack = rollout({
  phase: 'rolled-back',
  reason: 'harmful',
  step: null,
  askedBp: 0,
  inForceBp: null,
  by: 'serin',
  sentence: 'v2 was rolled back (harmful); v1 has all traffic: Harm is proved (2,909 to 1).',
  judgement: judgement({
    verdict: 'harmful',
    sentence: 'Harm is proved (2,909 to 1).',
    harm: { logE: Math.log(2_909), threshold: Math.log(100), leading: 'errors' },
    metrics: [reading({ verdict: 'harmful', harm: { logE: 9, threshold: Math.log(200) } }), latencyReading],
  }),
  decidedAt: noon - 3_000,
  endedAt: noon - 2_000,
})

test('a rollout in the middle of a step', (t) => draws(t, snapshot()))

test('a service that has never had a rollout', (t) =>
  draws(
    t,
    snapshot(service({ rollout: null, versions: [version('v1', { role: 'stable' }), version('v2', { ready: 0 })] }), {
      journal: [],
    }),
  ))

test('a canary that starts', (t) =>
  draws(
    t,
    snapshot(
      service({
        rollout: rollout({
          phase: 'preparing',
          step: null,
          askedBp: 0,
          inForceBp: 0,
          judgement: null,
          sentence: 'Starting v2; v1 has all traffic.',
        }),
      }),
    ),
  ))

const asked = { name: 'approval', kind: 'approval', since: noon - 60_000, says: null, approvals: ['ann'], people: 2 }

test('a gate that waits for people', (t) =>
  draws(
    t,
    snapshot(
      service({
        preview: 'http://127.0.0.1:8081',
        queue: ['v3'],
        rollout: rollout({
          strategy: 'blue-green',
          step: 0,
          askedBp: 0,
          inForceBp: 0,
          evidenceMs: 0,
          judgement: null,
          gate: asked,
          hotfix: true,
          sentence: 'v2 runs without traffic. Waiting for the gate "approval" (1 of 2 people).',
          steps: [
            {
              weightBp: 0,
              holdMs: 0,
              pause: false,
              name: 'preview',
              gates: [
                { name: 'smoke', kind: 'command' },
                { name: 'approval', kind: 'approval' },
              ],
            },
            { weightBp: 10_000, fromBp: 0, holdMs: 300_000, pause: false, name: 'switch', passes: 'no-harm' },
            { weightBp: 10_000, holdMs: 600_000, pause: false, name: 'bake', passes: 'no-harm' },
          ],
        }),
      }),
    ),
  ))

test('an experiment with three challengers', (t) =>
  draws(
    t,
    snapshot(
      service({
        rollout: rollout({
          strategy: 'ab',
          step: 0,
          askedBp: 2_000,
          inForceBp: 2_000,
          steps: [{ weightBp: 6_000, holdMs: 0, pause: false, name: 'experiment', passes: 'decided' }],
          rivals: [
            { version: 'v3', askedBp: 2_000, judgement: judgement({ verdict: 'safe' }), dropped: null },
            { version: 'v4', askedBp: 0, judgement: null, dropped: 'Harm is proved (2,909 to 1).' },
          ],
        }),
      }),
    ),
  ))

test('a rollout that is held', (t) =>
  draws(
    t,
    snapshot(
      service({
        rollout: rollout({
          phase: 'holding',
          by: 'admin',
          reason: 'operator',
          sentence: 'Holding v2 at 25 %, by admin: lunch.',
        }),
      }),
    ),
  ))

test('a rollout that was rolled back says where it stopped', (t) =>
  draws(t, snapshot(service({ rollout: rolledBack }))))

test('a rollout that was promoted', (t) =>
  draws(
    t,
    snapshot(
      service({
        stable: 'v2',
        versions: [
          version('v1', { role: 'warm', splitPercent: 0 }),
          version('v2', { role: 'stable', ready: 3, askedBp: 10_000, inForceBp: 10_000, splitPercent: 100 }),
        ],
        rollout: rollout({
          phase: 'promoted',
          step: null,
          askedBp: 10_000,
          inForceBp: null,
          sentence: 'v2 is promoted and has all traffic.',
          judgement: judgement({ verdict: 'safe', sentence: 'Safe for 100 %.', metrics: [latencyReading] }),
          endedAt: noon - 1_000,
        }),
      }),
    ),
  ))

test('a router that does not do what it was asked', (t) =>
  draws(
    t,
    snapshot(
      service({ rollout: rollout({ inForceBp: 500 }), trouble: ['The router does not take orders: it is not there.'] }),
    ),
  ))

test('silence is said first and nothing looks live', (t) => draws(t, snapshot(service(), { heardAt: noon - 40_000 })))

test('sixty columns', (t) => draws(t, snapshot(), createPaper({ width: 60 })))

test('a terminal of 80 × 24 has room for everything', (t) =>
  draws(t, snapshot(), createPaper({ width: 80, height: 24 })))

test('eighteen rows: who did what goes first, then what to type', (t) =>
  draws(t, snapshot(), createPaper({ width: 80, height: 18 })))

test('a long ramp shows the steps around the current one', (t) =>
  draws(
    t,
    snapshot(
      service({
        rollout: rollout({
          step: 11,
          steps: Array.from({ length: 20 }, (_, i) => ({ weightBp: (i + 1) * 450, holdMs: 60_000, pause: false })),
          askedBp: 5_400,
          inForceBp: 5_400,
        }),
      }),
    ),
  ))

test('colour tells nothing that the text does not: without it every word and sign is still there', () => {
  for (const status of [service(), service({ rollout: rolledBack }), service({ trouble: ['Something is wrong.'] })]) {
    const coloured = watchLines(snapshot(status), createPaper({ width: 80, colour: true }))
    assert.ok(coloured.join('').includes('\u001B['))
    assert.deepEqual(coloured.map(stripVTControlCharacters), watchLines(snapshot(status), paper))
  }
})

test('no line is wider and no picture higher than the paper, whatever people wrote', () => {
  fc.assert(
    fc.property(
      fc.record({
        width: fc.integer({ min: 20, max: 200 }),
        height: fc.option(fc.integer({ min: 3, max: 60 })),
        colour: fc.boolean(),
        text: fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.lorem()),
        silentMs: fc.integer({ min: 0, max: 100_000 }),
      }),
      ({ width, height, colour, text, silentMs }) => {
        const status = service({
          trouble: [text],
          rollout: rollout({
            sentence: text,
            judgement: judgement({ sentence: text, metrics: [reading({ missing: [text], sentence: text })] }),
          }),
        })
        const lines = watchLines(snapshot(status, { heardAt: noon - silentMs }), createPaper({ width, height, colour }))
        if (height !== null) assert.ok(lines.length <= height, `${lines.length} lines on ${height} rows`)
        for (const line of lines) {
          assert.ok(textWidth(line) <= width, `${textWidth(line)} columns on ${width}: ${JSON.stringify(line)}`)
          // oxlint-disable-next-line no-control-regex -- control characters of other people must not reach a terminal
          assert.doesNotMatch(line.replaceAll(/\u001B\[[0-9;]*m/g, ''), /[\u0000-\u001F\u007F-\u009F]/)
        }
      },
    ),
    { numRuns: 300 },
  )
})
