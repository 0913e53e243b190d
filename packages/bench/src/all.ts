import type { Bench } from './bench.ts'
import { detection } from './detection/detection.ts'
import { decisions } from './gateway/decisions-bench.ts'
import { gateway } from './gateway/gateway.ts'
import { gatewayShapes } from './gateway/shapes/gateway-shapes.ts'
import { series } from './series/series.ts'
import { statsCost } from './stats-cost/stats-cost.ts'

/** Every benchmark; a new one is a line here. */
export const benches: readonly Bench[] = [detection, statsCost, series, gateway, gatewayShapes, decisions]
