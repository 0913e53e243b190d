/** How far an arrow goes: the whole module, its types only, `import()` only, or its file to start as a process. */
export type Reach = 'value' | 'type' | 'lazy' | 'process'

/** A part of the house and what it may import; anything absent is forbidden. */
export interface Room {
  readonly name: string
  /** Folders (or files) it consists of; the longest that fits a path decides. */
  readonly at: readonly string[]
  /** Other rooms: `spec`, or with a reach (`core:type`, `server:lazy`). A whole arrow also allows types. */
  readonly may: readonly string[]
  /** Neither Node nor npm packages other than these; undefined: whatever its package.json declares. */
  readonly pure?: readonly string[]
  /** It runs only where Serin is developed: it may import what is installed there alone. */
  readonly developed?: true
}

const driver = [
  'kit',
  'spec',
  'core:type',
  'core/evidence:type',
  'core/routing',
  'drivers/shared',
  'drivers/testing',
] as const

/**
 * The arrows of the house (ARCHITECTURE.md draws them). A line that grows needs a reason that would convince a stranger; the reasons that were needed
 * so far stand beside them.
 */
export const rooms: readonly Room[] = [
  { name: 'stats', at: ['packages/stats'], may: [], pure: [] },
  { name: 'spec', at: ['packages/spec'], may: [], pure: ['zod', 'yaml'] },
  {
    name: 'core',
    at: ['packages/core'],
    may: ['stats', 'spec', 'core/assignment', 'core/evidence', 'core/harm', 'core/routing'],
    pure: [],
  },
  // What the data plane needs of core, and no more: it starts fast and stays small.
  {
    name: 'core/assignment',
    at: ['packages/core/src/assignment'],
    may: ['spec:type', 'core:type', 'core/evidence', 'core/routing:type'],
    pure: [],
  },
  // The words gateway and analysis share; nothing is imported there.
  { name: 'core/evidence', at: ['packages/core/src/evidence.ts'], may: [], pure: [] },
  // The test of errors, which the gateway runs too.
  {
    name: 'core/harm',
    at: ['packages/core/src/analysis/event-harm.ts', 'packages/core/src/analysis/unit-harm.ts'],
    may: ['stats'],
    pure: [],
  },
  // The words of a routing table, and what can be read off one.
  { name: 'core/routing', at: ['packages/core/src/routing.ts'], may: ['spec:type'], pure: [] },
  { name: 'kit', at: ['packages/kit'], may: ['spec', 'core:type'] },
  // The contract of routers asks the assignment what it expects.
  { name: 'kit/contract', at: ['packages/kit/src/contract'], may: ['kit', 'spec', 'core:type', 'core/assignment'] },
  { name: 'drivers', at: ['packages/drivers'], may: [...driver, 'drivers/each'] },
  {
    name: 'drivers/shared',
    // Also each file that lies directly in the folder of a port.
    at: ['packages/drivers/src/workload/supervisor', 'packages/drivers/src/compile-cache.ts'],
    may: ['kit', 'spec', 'core:type'],
  },
  // The world in which each router is tried out; only tests import what is for tests.
  { name: 'drivers/testing', at: ['packages/drivers/src/router/testing'], may: ['kit', 'spec', 'core:type'] },
  // What drivers of proxies share: they read logs with the gateway's recorder, and ask the hash that runs at its bounds.
  {
    name: 'drivers/proxy',
    at: ['packages/drivers/src/router/proxy'],
    may: ['kit', 'spec', 'core:type', 'core/assignment', 'core/routing', 'drivers/testing', 'gateway'],
  },
  {
    name: 'engine',
    at: ['packages/engine'],
    may: ['core', 'core/assignment', 'core/evidence', 'kit', 'spec', 'stats'],
  },
  // It counts latencies in the very histogram the analysis reads.
  {
    name: 'gateway',
    at: ['packages/gateway'],
    may: ['core/assignment', 'core/evidence', 'core/harm', 'core/routing', 'core:type', 'spec', 'stats'],
  },
  { name: 'sdk', at: ['packages/sdk'], may: ['spec'] },
  // In a browser it speaks only through the SDK; what makes its bundle runs beside the server.
  { name: 'dashboard', at: ['packages/dashboard'], may: ['sdk', 'sdk:process', 'spec', 'dashboard/pictures'] },
  // What is drawn in a browser, in a terminal and in a report alike: numbers to places, nothing of a page.
  {
    name: 'dashboard/pictures',
    at: [
      'packages/dashboard/src/pictures.ts',
      'packages/dashboard/src/evidence/band-layout.ts',
      'packages/dashboard/src/evidence/stairs-layout.ts',
      'packages/dashboard/src/evidence/standing.ts',
      'packages/dashboard/src/live/trail.ts',
    ],
    may: ['spec:type'],
    pure: [],
  },
  {
    name: 'server',
    at: ['packages/server'],
    may: [
      'dashboard:lazy',
      'dashboard:type',
      'engine',
      'drivers',
      'drivers/each',
      'gateway',
      'kit',
      'spec',
      'core:type',
      'server/forecast',
      'server/simulation',
    ],
  },
  // Threads beside the control plane, for what would keep it from deciding.
  { name: 'server/forecast', at: ['packages/server/src/forecast'], may: ['core', 'spec'] },
  { name: 'server/simulation', at: ['packages/server/src/simulation'], may: ['simulate', 'spec'] },
  // What Serin claims, measured beside others; of the product it starts the gateway, whose router and recorder it also times.
  {
    name: 'bench',
    at: ['packages/bench'],
    may: ['stats', 'core:type', 'core/assignment', 'gateway', 'gateway:process', 'bench/peers', 'bench/peers:process'],
  },
  // Proxies of others, and what they are measured by, which nobody needs who does not compare; they are left out where they are not installed.
  {
    name: 'bench/peers',
    at: ['packages/bench/src/gateway/peers'],
    may: ['bench', 'core/assignment', 'gateway'],
    developed: true,
  },
  // A policy on modelled or recorded traffic: the machine and the analysis, without an engine.
  { name: 'simulate', at: ['packages/simulate'], may: ['core', 'core/assignment', 'core/evidence', 'spec', 'stats'] },
  {
    name: 'cli',
    at: ['packages/cli'],
    // `serin judge` runs Kayenta's rules over files, without a control plane.
    may: [
      'sdk',
      'spec',
      'dashboard/pictures',
      'server:lazy',
      'server:type',
      'bench:lazy',
      'simulate:lazy',
      'simulate:type',
      'stats:lazy',
      'stats:type',
    ],
  },
  // The printers read the command tree as data.
  { name: 'tools', at: ['tools'], may: ['spec', 'cli:process'] },
  // The demo draws with the live view of the command line, and starts it as people do.
  { name: 'examples', at: ['examples'], may: ['sdk', 'spec', 'cli', 'cli:process'] },
  { name: 'sim', at: ['sim'], may: ['*'] },
  { name: 'e2e', at: ['e2e'], may: ['*'] },
]

/** What single drivers may import besides what every driver may. */
const more: Readonly<Record<string, readonly string[]>> = {
  // Starts the gateway as a process and speaks its admin protocol.
  'router/gateway': ['gateway', 'gateway:process'],
  'router/envoy': ['drivers/proxy', 'gateway'],
  'router/haproxy': ['drivers/proxy', 'gateway'],
  'router/nginx': ['drivers/proxy', 'gateway'],
  // Decides as the gateway does, without a network.
  'router/memory': ['core/assignment'],
}

/** The room a file belongs to; each driver folder is a room of its own. Undefined for files outside the house, such as configuration at the root. */
export function roomOf(path: string): Room | undefined {
  const found = rooms
    .flatMap((room) => room.at.filter((at) => path === at || path.startsWith(`${at}/`)).map((at) => ({ at, room })))
    .sort((a, b) => b.at.length - a.at.length)[0]?.room
  const own = /^packages\/drivers\/src\/([\w-]+\/[\w-]+)\//.exec(path)?.[1]
  if (found?.name !== 'drivers') return found
  if (own === undefined)
    return /^packages\/drivers\/src\/[\w-]+\/(?!all\.ts)[\w.-]+$/.test(path)
      ? rooms.find(({ name }) => name === 'drivers/shared')
      : found
  return { name: `drivers/each/${own}`, at: [`packages/drivers/src/${own}`], may: [...driver, ...(more[own] ?? [])] }
}

/** The other packages that anything in a package may import, by their short names, and the packages from npm of a pure one. */
export function arrowsOf(shortName: string): ReadonlySet<string> {
  const own = rooms.filter(({ name }) => name === shortName || name.startsWith(`${shortName}/`))
  const arrows = own.flatMap(({ may, pure = [] }) => [...may, ...pure])
  if (shortName === 'drivers') arrows.push(...Object.values(more).flat())
  return new Set(arrows.map((arrow) => arrow.split(/[:/]/)[0] ?? '').filter((name) => name !== shortName))
}

/** Whether a room may import another with this reach. */
export function mayImport(from: Room, to: Room, reach: Reach): boolean {
  return from.may.some((arrow) => {
    const [name = '', limit = 'value'] = arrow.split(':')
    const named = name === '*' || name === to.name || (name === 'drivers/each' && to.name.startsWith(`${name}/`))
    return named && (limit === 'value' ? reach !== 'process' || name === '*' : limit === reach)
  })
}
