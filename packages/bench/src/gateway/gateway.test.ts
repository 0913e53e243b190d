import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quickEffort } from '../bench.ts'
import { gateway } from './gateway.ts'
import { contenders } from './parties/all.ts'
import { programOf } from './parties/native.ts'
import type { Row } from './rows.ts'

const missing = ['nginx', 'haproxy'].filter((name) => programOf(name) === undefined)
const skip =
  missing.length > 0
    ? `There is no ${missing.join(' and no ')} here (apt-get install nginx-light haproxy): that the gateway bench compares with them is not proved.`
    : false

const keys = ['name', 'rps', 'ratioToNginx', 'cpuUsPerRequest', 'addedP50Us', 'addedP99Us', 'rssMB', 'errors']

// Speeds are never asserted: the machine of a test does other things too.
test(
  'a quick run: everybody gives nothing but expected answers, and every cell is a number',
  { skip, timeout: 300_000 },
  async () => {
    const told: string[] = []
    const { json, lines, broken, warnings } = await gateway.run({
      effort: quickEffort,
      progress: (what, done) => told.push(`${what} ${done >= 0 && done <= 1 ? '' : 'OUT OF RANGE'}`),
    })
    const { rows, decisionNs, recordNs } = json as { rows: readonly Row[]; decisionNs: number; recordNs: number }
    assert.deepEqual(warnings, [])
    assert.deepEqual(
      rows.map(({ name }) => name),
      contenders.map(({ name }) => name),
    )
    assert.deepEqual(broken, [])
    for (const row of rows) {
      assert.deepEqual(Object.keys(row), keys)
      assert.equal(row.errors, 0, row.name)
      const { name, addedP50Us, addedP99Us, ...positive } = row
      for (const [key, value] of Object.entries(positive))
        assert.ok(key === 'errors' || (typeof value === 'number' && value > 0), `${name} ${key} ${value}`)
      assert.ok(Number.isFinite(addedP50Us) && Number.isFinite(addedP99Us), name)
      assert.ok(lines.some((line) => line.includes(name)))
    }
    assert.equal(rows.find(({ name }) => name === 'nginx')?.ratioToNginx, 1)
    assert.ok(decisionNs > 0 && recordNs > 0)
    assert.ok(!told.some((text) => text.includes('OUT OF RANGE')))
  },
)
