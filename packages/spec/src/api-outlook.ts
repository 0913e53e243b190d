import { z } from 'zod'
import type { Operation } from './api-operation.ts'
import { AssignmentExplained } from './assignment.ts'
import { ReleasePlan } from './release-plan.ts'
import { SimulationAsked, SimulationJob } from './simulation.ts'

const service = z.object({ service: z.string() })
const simulation = z.object({ simulation: z.string() })

/** The operations that say what is seen and what would be; none of them changes anything. */
export const outlookApi = {
  getTraffic: {
    method: 'GET',
    path: '/v1/services/{service}/traffic',
    summary: 'The traffic of the last two minutes, second by second.',
    role: 'viewer',
    params: service,
    response: z.object({
      points: z.array(
        z.object({
          at: z.number().meta({ description: 'Milliseconds since the epoch.' }),
          requestsPerSecond: z
            .record(z.string(), z.number())
            .meta({ description: 'Of each version that had some in the ten seconds before.' }),
        }),
      ),
    }),
  },
  plan: {
    method: 'POST',
    path: '/v1/services/{service}/plan',
    summary: 'Says what a release would do, from the traffic observed lately; nothing starts.',
    role: 'viewer',
    params: service,
    body: z.strictObject({
      to: z.string(),
      requestsPerSecond: z
        .number()
        .positive()
        .max(1e7)
        .optional()
        .meta({ description: 'Instead of the traffic observed.' }),
      errorPercent: z
        .number()
        .min(0)
        .max(50)
        .optional()
        .meta({ description: 'Instead of the failures observed on stable.' }),
      users: z
        .int()
        .positive()
        .optional()
        .meta({ description: 'How many users there are, to say how many are exposed.' }),
    }),
    response: ReleasePlan,
  },
  simulate: {
    method: 'POST',
    path: '/v1/services/{service}/simulations',
    summary: 'Tries a release many times in modelled worlds, beside the control plane; nothing starts. One at a time.',
    role: 'operator',
    params: service,
    body: SimulationAsked,
    response: SimulationJob,
  },
  listSimulations: {
    method: 'GET',
    path: '/v1/simulations',
    summary: 'Simulations since the control plane started, newest first; the last twenty.',
    role: 'viewer',
    query: z.object({ service: z.string().optional() }),
    response: z.object({ simulations: z.array(SimulationJob) }),
  },
  getSimulation: {
    method: 'GET',
    path: '/v1/simulations/{simulation}',
    summary: 'One simulation: how far it is, and what it shows so far.',
    role: 'viewer',
    params: simulation,
    response: SimulationJob,
  },
  cancelSimulation: {
    method: 'POST',
    path: '/v1/simulations/{simulation}/cancel',
    summary: 'Ends a simulation; what was played stays.',
    role: 'operator',
    params: simulation,
    response: SimulationJob,
  },
  assignment: {
    method: 'POST',
    path: '/v1/services/{service}/assignment',
    summary: 'Which version a request gets as traffic is asked to be now, and why; nothing is sent.',
    role: 'viewer',
    params: service,
    body: z.strictObject({
      unit: z
        .string()
        .max(4_096)
        .optional()
        .meta({ description: 'Whose request it is, instead of what it says itself.' }),
      headers: z.record(z.string().max(200), z.string().max(8_192)).default({}),
      target: z.string().max(8_192).default('/').meta({ description: 'Path and query.' }),
      address: z.string().max(100).default('127.0.0.1').meta({ description: 'Of the client.' }),
      country: z
        .string()
        .regex(/^[A-Z]{2}$/, { error: 'expected two capital letters, such as NO' })
        .optional()
        .meta({ description: 'Where the client is, instead of what a lookup of its address says.' }),
      claims: z
        .record(z.string().max(200), z.string().max(1_000))
        .default({})
        .meta({ description: 'Claims of its token, taken as verified.' }),
    }),
    response: AssignmentExplained,
  },
} as const satisfies Record<string, Operation>
