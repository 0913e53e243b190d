import type { DriverContext, WorkloadRunner } from '@serin/kit'
import { SerinError } from '@serin/spec'

/** Opens the runner for the kind of workload a service asks for. */
export function openWorkload(context: DriverContext): WorkloadRunner {
  const { kind } = context.spec.workload
  throw new SerinError('driver.unknown', `No workload runner is called "${kind}". Known: (none).`)
}
