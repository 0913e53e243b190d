import type { DriverContext, WorkloadRunner } from '@serin/kit'
import { SerinError } from '@serin/spec'
import type { ModelWorkload, VersionSpec } from '@serin/spec'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileCacheEnv } from '../../compile-cache.ts'
import type { ExplainedExit, ReplicaCommand, ReplicaExit } from '../supervisor/options.ts'
import { superviseReplicas } from '../supervisor/supervise.ts'
import { probesOf } from './probes.ts'
import { exitCodes } from './server/exit-codes.ts'

const main = fileURLToPath(new URL('./server/main.ts', import.meta.url))

/** Serves every version in processes of Serin's own: one process for each replica and version, never shared, so that one cannot disturb another. */
export function superviseModels(context: DriverContext, workload: ModelWorkload): WorkloadRunner {
  return superviseReplicas({
    context,
    ...probesOf(workload, workload.model),
    stopWithin: workload.stopWithin,
    memoryMaxBytes: workload.memoryMax * 1_048_576,
    command: (version, spec, port) => commandOf(context, workload.model, { version, spec, port }),
    replicasOf: (spec) => spec.replicas ?? workload.replicas,
    explainExit,
  })
}

function commandOf(
  { baseDirectory, stateDirectory }: DriverContext,
  model: string,
  { version, spec, port }: { readonly version: string; readonly spec: VersionSpec; readonly port: number },
): ReplicaCommand {
  if (spec.uri === undefined)
    throw new SerinError('config.invalid', `${version} has no "uri", the path of its ONNX file.`)
  const uri = resolve(baseDirectory, spec.uri)
  // A bounded young generation keeps the process small on machines with much memory.
  const node = [process.execPath, '--max-semi-space-size=16']
  return {
    argv: [...node, main, '--port', String(port), '--model', model, '--version', version, '--uri', uri],
    // What the first process made of the sources the next ones need not do again.
    env: { NODE_COMPILE_CACHE: join(stateDirectory, 'compile-cache'), ...compileCacheEnv(), ...spec.env },
    cwd: baseDirectory,
  }
}

function explainExit({ code, lastLines }: ReplicaExit): ExplainedExit | null {
  if (code !== exitCodes.unloadable) return null
  const message = lastLines.at(-1) ?? 'The model cannot be loaded.'
  return { code: 'model.unloadable', message, permanent: true }
}
