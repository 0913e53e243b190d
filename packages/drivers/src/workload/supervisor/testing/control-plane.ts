/** A control plane to be killed: it owns a supervisor, asks for v1 again and again, and says what it sees, a line each time that changes. */
import type { VersionSpec } from '@serin/spec'
import { setTimeout as sleep } from 'node:timers/promises'
import { openProcesses } from '../../process/driver.ts'
import { contextIn } from './world.ts'

const [directory = '', workload = '{}', spec = '{}'] = process.argv.slice(2)
const version = JSON.parse(spec) as VersionSpec
const runner = openProcesses(contextIn(directory, JSON.parse(workload) as Record<string, unknown>))
let said = ''
for (;;) {
  runner.ensure('v1', version)
  const { state, replicas } = runner.observe('v1')
  const line = JSON.stringify({ state, endpoints: replicas.map((replica) => replica.endpoint) })
  if (line !== said) console.log(line)
  said = line
  await sleep(50)
}
