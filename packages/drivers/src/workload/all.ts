import type { DriverContext, WorkloadRunner } from '@serin/kit'
import { nearest, SerinError } from '@serin/spec'
import { openEndpoints } from './endpoints/driver.ts'
import { openModels } from './model/driver.ts'
import { openProcesses } from './process/driver.ts'

/** Every kind of workload there is. */
const runners: Readonly<Record<string, (context: DriverContext) => WorkloadRunner>> = {
  endpoints: openEndpoints,
  model: openModels,
  process: openProcesses,
}

/** Opens the runner for the kind of workload a service asks for; an unknown kind is `driver.unknown`. */
export function openWorkload(context: DriverContext): WorkloadRunner {
  const { kind } = context.spec.workload
  const open = Object.hasOwn(runners, kind) ? runners[kind] : undefined
  if (open !== undefined) return open(context)
  const known = Object.keys(runners).sort()
  const near = nearest(kind, known)
  throw new SerinError(
    'driver.unknown',
    `No workload is of kind "${kind}". Known: ${known.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
  )
}
