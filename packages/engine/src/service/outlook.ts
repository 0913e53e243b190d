import type { ForecastInput } from '@serin/core'
import { SerinError, type Service } from '@serin/spec'
import { planFor, requireVersion } from './commands.ts'
import type { Assumptions, Evidence } from './evidence.ts'
import type { TrafficPoint } from '../live-window.ts'
import type { ServiceRecord } from './record.ts'

/** What is asked of a forecast. */
type PlanAsked = Assumptions & { readonly to: string }

/** What is seen of a service's traffic, and what can be said of a release before there is one; nothing starts. */
export class Outlook {
  readonly #record: ServiceRecord
  readonly #evidence: Pick<Evidence, 'forecastInput'>

  /** The traffic of the last two minutes, second by second. */
  readonly traffic: () => readonly TrafficPoint[]

  constructor(
    record: ServiceRecord,
    evidence: Pick<Evidence, 'forecastInput'>,
    traffic: () => readonly TrafficPoint[],
  ) {
    this.#record = record
    this.#evidence = evidence
    this.traffic = traffic
  }

  /** What a forecast of a release rests on. */
  forecastInput({ to, ...assumptions }: PlanAsked): ForecastInput {
    requireVersion(this.#record, to)
    return this.#evidence.forecastInput(planFor(this.#record, to), assumptions)
  }

  /** What a simulation of a release rests on: how the service releases now. */
  policy(to: string): Service {
    requireVersion(this.#record, to)
    const { spec, stable } = this.#record.service
    if (to === stable)
      throw new SerinError('rollout.refused', `${to} is the stable version already; there is nothing to release.`)
    return { ...spec, stable }
  }
}
