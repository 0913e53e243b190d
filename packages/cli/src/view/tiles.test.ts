import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RolloutPoint } from '@serin/spec'
import * as fc from 'fast-check'
import { judgement, latencyReading, noon, reading, rollout, service, snapshot } from '../testing/statuses.ts'
import { asciiText, isAsciiOnly } from './ascii.ts'
import { drawChart } from './chart.ts'
import { createPaper } from './paper.ts'
import { textWidth } from './text.ts'
import { tileLines } from './tiles.ts'
import { watchLines } from './watch.ts'

const paper = createPaper({ width: 80 })

/** A rollout of forty looks whose band narrows, with a step in the middle. */
const trail: readonly RolloutPoint[] = Array.from({ length: 40 }, (_, i) => {
  const { phase, askedBp, inForceBp, sentence, reason } = rollout()
  const width = 6 / (i + 1)
  const metrics = [
    reading({ canary: 0.93 + 0.3 * Math.sin(i / 6), interval: [Math.max(0, 1 - width), 1 + width] }),
    { ...latencyReading, interval: [-width, width] as [number, number] },
  ]
  return {
    at: noon - (40 - i) * 1_000,
    splitPercent: 24,
    phase,
    step: i < 20 ? 0 : 1,
    askedBp,
    inForceBp,
    sentence,
    reason,
    judgement: judgement({ metrics }),
  }
})

test('tiles stand beside each other where there is room', (t) => {
  t.assert.snapshot(`\n${tileLines(judgement(), trail, paper).join('\n')}\n`, { serializers: [String] })
})

test('one below the other where there is none', (t) => {
  t.assert.snapshot(`\n${tileLines(judgement(), trail, createPaper({ width: 40 })).join('\n')}\n`, {
    serializers: [String],
  })
})

test('a terminal that is high enough shows tiles, a low one the table, and a foot never goes', () => {
  const moment = { ...snapshot(), trail }
  const foot = ['h hold']
  const high = watchLines(moment, createPaper({ width: 80, height: 40 }), foot)
  const low = watchLines(moment, createPaper({ width: 80, height: 24 }), foot)
  const tiny = watchLines(moment, createPaper({ width: 80, height: 6 }), foot)
  assert.ok(high.some((line) => line.includes('harm ╌')))
  assert.ok(low.some((line) => line.includes('TO HARM')))
  for (const lines of [high, low, tiny]) assert.equal(lines.at(-1), '  h hold')
  assert.ok(watchLines({ ...moment, trail: [] }, paper).some((line) => line.includes('TO HARM')))
})

test('a chart is as large as it says, whatever is known', () => {
  const value = fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null })
  const point = fc.record({ value, low: value, high: value, step: fc.option(fc.nat(3), { nil: null }) })
  fc.assert(
    fc.property(fc.array(point, { maxLength: 50 }), value, fc.integer({ min: 1, max: 80 }), (points, limit, width) => {
      const { lines, sameRow } = drawChart(
        points.map((each, i) => ({ ...each, at: i * 1_000 })),
        { width, same: 0, limit, paper },
      )
      assert.equal(lines.length, 3)
      for (const line of lines) assert.equal(textWidth(line), width)
      assert.ok(sameRow >= 0 && sameRow < 3)
    }),
  )
})

test('every sign of the view has one of ASCII that is as wide', () => {
  for (const status of [service(), service({ freeze: { to: 'Monday', why: '發布' }, trouble: ['“Ach” ≥ 5 µs'] })]) {
    const lines = watchLines({ ...snapshot(status), trail }, createPaper({ width: 80, colour: true }))
    // oxlint-disable-next-line no-control-regex -- ASCII is what is asked for
    for (const line of lines) assert.match(asciiText(line), /^[\u0000-\u007F]*$/)
    assert.doesNotMatch(asciiText(watchLines({ ...snapshot(), trail }, paper).join('\n')), /\?/)
  }
  assert.equal(textWidth(asciiText('▲ ×1.3 ░░━')), textWidth('▲ ×1.3 ░░━'))
  const locale = (env: Record<string, string>) => isAsciiOnly(env)
  assert.deepEqual(
    [{}, { LANG: 'C' }, { LC_ALL: 'C', LANG: 'en_GB.UTF-8' }, { LANG: 'en_GB.utf8' }, { LC_CTYPE: 'de_DE' }].map(
      locale,
    ),
    [false, true, true, false, true],
  )
})
