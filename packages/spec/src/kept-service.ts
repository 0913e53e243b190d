import type { z } from 'zod'
import { Service, Workload } from './service-file.ts'
import { Strategy } from './strategy.ts'

/**
 * A service that was kept by this Serin or an older one, as this one reads it from a file: what the older did not know has its default. Durations and
 * weights of what was kept are numbers already, so it cannot be read once more as a file is.
 */
export function keptService(kept: Service): Service {
  const { analysis, strategy, workload } = kept
  const shape = Strategy.options.find(({ shape: { kind } }) => kind.value === strategy.kind)?.shape ?? {}
  const runs = Workload.options.find(({ shape: { kind } }) => kind.value === workload.kind)?.shape ?? {}
  return {
    ...defaultsBeside(Service.shape, kept),
    ...kept,
    analysis: { ...defaultsBeside(Service.shape.analysis.unwrap().shape, analysis), ...analysis },
    workload: { ...defaultsBeside(runs, workload), ...workload },
    strategy: { ...defaultsBeside(shape, strategy), ...strategy },
  }
}

function defaultsBeside(shape: Readonly<Record<string, z.ZodType>>, kept: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(shape).flatMap(([name, schema]) => {
      const { data } = name in kept ? {} : schema.safeParse(undefined)
      return data === undefined ? [] : [[name, data]]
    }),
  )
}
