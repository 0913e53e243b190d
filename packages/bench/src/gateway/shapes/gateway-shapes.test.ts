import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { quickEffort } from '../../bench.ts'
import { programOf } from '../parties/native.ts'
import { gatewayShapes } from './gateway-shapes.ts'
import type { ShapeRow } from './shape.ts'

const missing = ['nginx', 'haproxy'].filter((name) => programOf(name) === undefined)
const skip =
  missing.length > 0
    ? `There is no ${missing.join(' and no ')} here (apt-get install nginx-light haproxy): that the bench of shapes compares with them is not proved.`
    : false
const hasH2load = spawnSync('h2load', ['--version']).error === undefined

interface Json {
  readonly shapes: readonly {
    readonly title: string
    readonly columns: readonly string[]
    readonly rows: readonly ShapeRow[]
    readonly goals: readonly { readonly what: string; readonly value: number; readonly met: boolean }[]
  }[]
}

/** Columns that may be nothing, and what may lie on either side of nothing in a moment. */
const mayBeNone = new Set(['errors', 'stale', 'closed', 'lost', 'by all ms', 'MB per 1,000', 'RSS MB grown'])

// Speeds are never asserted: the machine of a test does other things too.
test(
  'a quick run: everybody gives nothing but expected answers in every shape, every cell is a number, and changes lose nothing',
  { skip, timeout: 600_000 },
  async () => {
    const told: number[] = []
    const { json, lines, broken, warnings } = await gatewayShapes.run({
      effort: quickEffort,
      progress: (_what, done) => told.push(done),
    })
    assert.deepEqual(broken, [])
    assert.deepEqual(warnings.length, hasH2load ? 0 : 1, warnings.join('\n'))
    const { shapes } = json as Json
    const rowsOf = (title: string): readonly string[] | undefined =>
      shapes.find((shape) => shape.title.startsWith(title))?.rows.map(({ name }) => name)
    for (const [title, names] of [
      ['Answers of 10 KB', 'nginx haproxy serin serin-net'],
      ['Answers of 1 MB', 'nginx haproxy serin serin-net'],
      ['Workers', 'nginx serin serin-pipelining nginx-2-workers serin-2-workers'],
      ['2 changes of weights', 'serin serin-2-workers haproxy nginx'],
      ['A change of weights inside', 'compile swap'],
      ['100 idle connections', 'nginx haproxy serin serin-net node:http'],
      ['20 clients that stop reading', 'nginx haproxy serin serin-net node:http'],
      ['Who gets which version', 'nginx'],
      ...(hasH2load ? [['HTTP/2', 'nginx serin'] as const] : []),
    ] as const)
      assert.deepEqual(rowsOf(title), names.split(' '), title)
    for (const { title, columns, rows } of shapes) {
      assert.ok(lines.includes(title))
      for (const { name, values } of rows)
        for (const [i, column] of columns.entries()) {
          const value = values[i] ?? Number.NaN
          assert.ok(mayBeNone.has(column) ? Number.isFinite(value) : value > 0, `${title}: ${name} ${column} ${value}`)
        }
    }
    assert.ok(told.every((done) => done >= 0 && done <= 1))
  },
)
