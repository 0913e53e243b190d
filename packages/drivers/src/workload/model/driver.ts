import type { DriverContext, WorkloadRunner } from '@serin/kit'
import { SerinError } from '@serin/spec'
import { superviseModels } from './embedded.ts'
import { driveServers } from './external/drive-servers.ts'

/** Runs versions of a model: each in server processes of Serin's own, or on external servers that speak the Open Inference Protocol v2. */
export function openModels(context: DriverContext): WorkloadRunner {
  const { workload } = context.spec
  if (workload.kind !== 'model')
    throw new SerinError('internal', `The model driver was opened for a workload of kind ${workload.kind}.`)
  return workload.server === undefined ? superviseModels(context, workload) : driveServers(context, workload)
}
