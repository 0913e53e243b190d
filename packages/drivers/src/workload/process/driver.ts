import type { DriverContext, WorkloadRunner } from '@serin/kit'
import { SerinError, type ProcessWorkload, type VersionSpec } from '@serin/spec'
import { resolve } from 'node:path'
import type { ReplicaCommand } from '../supervisor/options.ts'
import { superviseReplicas } from '../supervisor/supervise.ts'

/** Runs versions as replicas of a command. The section `workload` of the file is the one at the time of opening. */
export function openProcesses(context: DriverContext): WorkloadRunner {
  const { workload } = context.spec
  if (workload.kind !== 'process')
    throw new SerinError('internal', `The process driver was opened for a workload of kind ${workload.kind}.`)
  const { upstream: spoken, ready, live, stopWithin } = workload
  return superviseReplicas({
    context,
    spoken,
    ready,
    live,
    stopWithin,
    command: (version, spec) => commandOf(workload, version, spec, context.baseDirectory),
    replicasOf: (spec) => spec.replicas ?? workload.replicas,
  })
}

/** How a version is started: what it says itself goes before what the workload says for all. */
export function commandOf(
  workload: ProcessWorkload,
  version: string,
  spec: VersionSpec,
  baseDirectory: string,
): ReplicaCommand {
  const argv = spec.command ?? workload.command
  if (argv === undefined) throw new SerinError('config.invalid', `${version} has no command, here or under "workload".`)
  return {
    argv,
    env: { ...workload.env, ...spec.env },
    cwd: resolve(baseDirectory, spec.cwd ?? workload.cwd ?? '.'),
  }
}
