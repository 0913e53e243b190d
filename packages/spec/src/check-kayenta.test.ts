import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileWarnings } from './warnings.ts'
import { SerinError } from './errors.ts'
import { parseServiceFile, type FileIssue } from './parse-file.ts'

function fileOf(analysis: string, more = ''): string {
  return `serin: v1
services:
  shop:
    listen: 8080
    workload: { kind: endpoints }
    stable: v1
    versions: { v1: { endpoints: ['http://127.0.0.1:3001'] } }
    analysis: ${analysis}
${more}`
}

/** What is wrong with the file, as `path: message`; nothing when it is fine. */
function issuesOf(text: string): readonly string[] {
  try {
    parseServiceFile(text)
    return []
  } catch (error) {
    if (!(error instanceof SerinError)) throw error
    return (error.details['issues'] as FileIssue[]).map(
      ({ path, message, nearest }) => `${path.replace('services.shop.analysis.', '')}: ${message}${nearest ?? ''}`,
    )
  }
}

const kayenta = (options: string) => `{ judge: kayenta, kayenta: ${options} }`

test('the judge kayenta needs nothing but its name, and says what it cannot promise', () => {
  const file = parseServiceFile(fileOf('{ judge: kayenta }'))
  assert.deepEqual(
    fileWarnings(file).map(({ path }) => path),
    ['services.shop.analysis.judge'],
  )
  assert.match(fileWarnings(file)[0]?.message ?? '', /no correction for looking again.* 11 % .* 3\.8 % .* 49 %/)
  assert.deepEqual(fileWarnings(parseServiceFile(fileOf('{}'))), [])
})

test('the options of a canary config are taken under their own names', () => {
  const { analysis } =
    parseServiceFile(
      fileOf(
        kayenta(`{ interval: 30s, every: 5m, lookback: 1h, pass: 90, marginal: 60, groups: { Errors: 60 }, metrics: {
          errors: { groups: [Errors], direction: increase, critical: true, mustHaveData: true, nanStrategy: replace, muted: false,
            outliers: { strategy: remove, outlierFactor: 3 }, effectSize: { measure: cles, allowedIncrease: 0.6, criticalIncrease: 0.7 } },
          latency: { point: mean } } }`),
      ),
    ).services['shop'] ?? assert.fail()
  assert.deepEqual(
    [analysis.kayenta?.interval, analysis.kayenta?.every, analysis.kayenta?.lookback],
    [30_000, 300_000, 3_600_000],
  )
  assert.deepEqual(analysis.kayenta?.metrics['errors']?.effectSize?.measure, 'cles')
})

test('weights that are no binary fractions add up to 100 all the same', () => {
  const groups = '{ a: 33.3, b: 33.3, c: 33.4 }'
  const metrics = '{ errors: { groups: [a, b] }, latency: { groups: [c] } }'
  assert.deepEqual(issuesOf(fileOf(kayenta(`{ groups: ${groups}, metrics: ${metrics} }`))), [])
})

test('what does not fit is told where it stands', () => {
  for (const [options, issue] of [
    ['{ interval: 1m, every: 90s }', 'kayenta.every: Expected a multiple of the interval, found "90s".'],
    ['{ every: 2h, interval: 4s }', 'kayenta.every: Expected at most 1440 intervals, found "2h".'],
    ['{ lookback: 4m }', 'kayenta.lookback: Expected at least 5 intervals: fewer points say nothing, found "4m".'],
    ['{ interval: 500ms, every: 1s }', 'kayenta.interval: Expected at least 1s, found "500ms".'],
    ['{ pass: 70 }', 'kayenta.marginal: Expected at most 70, the score that passes.'],
    ['{ groups: { errors: 60, latency: 60 } }', 'kayenta.groups: Expected weights that add up to at most 100.'],
    [
      '{ groups: { errors: 60, latency: 30 } }',
      'kayenta.groups: Every group has a weight, and they add up to 90 instead of 100: no version could reach that score.',
    ],
    [
      '{ groups: { error: 60 } }',
      'kayenta.groups.error: No scored metric is in a group "error", so its weight would be lost. Known: errors, latency.errors',
    ],
    ['{ metrics: { error: {} } }', 'kayenta.metrics.error: No metric is called "error". Known: errors, latency.errors'],
    [
      '{ metrics: { errors: { muted: true }, latency: { muted: true } } }',
      'kayenta.metrics: Every metric is muted: there is no score.',
    ],
    [
      '{ metrics: { errors: { point: mean } } }',
      'kayenta.metrics.errors.point: "point" means nothing to a metric of kind errors, only to latency.',
    ],
    [
      '{ metrics: { errors: { critcal: true } } }',
      'kayenta.metrics.errors.critcal: Unknown key "critcal". Known here: groups, direction, critical, mustHaveData, nanStrategy, outliers, effectSize, muted, point.critical',
    ],
  ] as const)
    assert.deepEqual(issuesOf(fileOf(kayenta(options))), [issue])
  assert.deepEqual(issuesOf(fileOf('{ kayenta: {} }')), [
    'kayenta: Expected "judge: kayenta" beside it: these options mean nothing to another judge.',
  ])
  assert.deepEqual(issuesOf(fileOf('{ judge: kayenta }', '    strategy: { kind: adaptive }\n')), [
    'judge: This judge gives a verdict per step, and the strategy "adaptive" has none: use "canary".',
  ])
})
