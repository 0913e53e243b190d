import type { DriverContext } from '@serin/kit'
import { Service } from '@serin/spec'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWorkload } from './all.ts'
import { wallClock } from './supervisor/testing/world.ts'

function contextOf(stateDirectory: string, kind: string): DriverContext {
  const spec = Service.decode({ listen: 0, workload: { kind: 'endpoints' }, versions: { v1: {} }, stable: 'v1' })
  const workload =
    kind === 'process' ? { ...spec.workload, kind, stopWithin: 1, env: {}, replicas: 1 } : { ...spec.workload, kind }
  return {
    service: 'shop',
    spec: { ...spec, workload: workload as never },
    baseDirectory: '/',
    stateDirectory,
    clock: wallClock,
  }
}

test('known kinds are opened, and an unknown one names them', () => {
  const directory = mkdtempSync(join(tmpdir(), 'serin-all-'))
  for (const kind of ['process', 'endpoints']) openWorkload(contextOf(directory, kind)).detach()
  assert.throws(() => openWorkload(contextOf(directory, 'proces')), {
    code: 'driver.unknown',
    message: /^No workload is of kind "proces"\. Known: endpoints, .*process\. Did you mean process\?$/,
  })
  assert.throws(() => openWorkload(contextOf(directory, 'toString')), { code: 'driver.unknown' })
  rmSync(directory, { recursive: true })
})
