import { quickEffort } from '../../bench.ts'
import type { Bench, BenchOutcome, BenchRequest } from '../../bench.ts'
import { openLoad } from '../load/process.ts'
import { loadNow, machineAfter, machineLine } from '../machine.ts'
import { endWithUs } from '../parties/end-with-us.ts'
import { OpenParties } from '../parties/open-parties.ts'
import { isMet, isKnown } from '../table.ts'
import { shapes } from './all.ts'
import { linesOf } from './print.ts'
import { noLongerMet } from './recorded.ts'
import type { Shape, ShapeTable, Stage } from './shape.ts'

async function run({ effort, progress }: BenchRequest): Promise<BenchOutcome> {
  const loadBefore = loadNow()
  const quick = effort <= quickEffort
  const absent = new Set<string>()
  progress('starting', 0)
  const release = endWithUs()
  const load = await openLoad()
  const parties = new OpenParties(load.upstreams)
  try {
    const tables: ShapeTable[] = []
    for (const [i, shape] of shapes.entries()) {
      const within: Stage['progress'] = (what, done) => progress(`${shape.name}: ${what}`, (i + done) / shapes.length)
      tables.push(...(await measureOne(shape, { load, parties, quick, effort, progress: within, absent })))
    }
    for (const sentence of parties.absent) absent.add(sentence)
    return outcomeOf(tables, { absent: [...absent], loadBefore, quick })
  } finally {
    await parties.close()
    await load.close()
    release()
  }
}

async function measureOne(
  shape: Shape,
  { absent, ...rest }: Omit<Stage, 'fresh' | 'leaveOut'> & { readonly absent: Set<string> },
): Promise<readonly ShapeTable[]> {
  const { quick, parties, load } = rest
  const fresh: Stage['fresh'] = async (contenders, use) => {
    if (quick) return await use(await parties.these(contenders))
    const own = new OpenParties(load.upstreams)
    try {
      return await use(await own.these(contenders))
    } finally {
      for (const sentence of own.absent) absent.add(sentence)
      await own.close()
    }
  }
  rest.progress('', 0)
  return await shape.measure({ ...rest, fresh, leaveOut: (sentence) => void absent.add(sentence) })
}

function outcomeOf(
  tables: readonly ShapeTable[],
  {
    absent,
    loadBefore,
    quick,
  }: { readonly absent: readonly string[]; readonly loadBefore: number; readonly quick: boolean },
): BenchOutcome {
  const machine = machineAfter(loadBefore)
  const json = tables.map(({ title, columns, rows, goals }) => ({
    title,
    columns,
    rows,
    goals: goals.filter(isKnown).map((goal) => {
      const [what, value, is, wanted] = goal
      return { what, value: Number(value.toPrecision(4)), is, goal: wanted, met: isMet(goal) }
    }),
  }))
  return {
    json: { shapes: json, machine },
    lines: [
      `In turns, medians. ${machineLine(machine)}`,
      '',
      ...tables.flatMap((table) => linesOf(table, !quick)),
      ...(quick ? ['A quick run shows that it works; its numbers mean nothing.'] : []),
    ],
    broken: tables.flatMap(({ wrong }) => wrong),
    warnings: [...absent, ...(quick ? [] : noLongerMet(tables.flatMap(({ goals }) => goals)))],
  }
}

/**
 * The gateway beside nginx and HAProxy under loads that `gateway` leaves out:
 * `{"shapes":[{"title","columns","rows":[{"name","values"}],"goals":[{"what","value","is","goal","met"}]}],"machine"}`.
 */
export const gatewayShapes: Bench = {
  name: 'gateway-shapes',
  summary:
    'the gateway beside nginx and HAProxy under other loads: long answers, workers, idle connections, changes, stalled readers, HTTP/2',
  run,
}
