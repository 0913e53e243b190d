import { setTimeout as sleep } from 'node:timers/promises'
import { medianOf } from '../../stats-cost/timing.ts'
import { canaryBp, versions } from '../load/requests.ts'
import { haproxy } from '../parties/haproxy.ts'
import { nginx } from '../parties/nginx.ts'
import type { Party } from '../parties/party.ts'
import { serin, serinTwoWorkers } from '../parties/serin.ts'
import type { Goal } from '../table.ts'
import { Callers } from './callers.ts'
import { shown, valueOf } from './shape.ts'
import type { Shape, ShapeRow, ShapeTable, Stage } from './shape.ts'
import { measureSwap } from './swap.ts'

const connections = 32
const contenders = [serin, serinTwoWorkers, haproxy, nginx]
const columns = ['ack µs', 'seen µs', 'by all ms', 'stale', 'closed', 'lost'] as const
const at = { ack: 0, seen: 1, byAll: 2, stale: 3, closed: 4, lost: 5 } as const satisfies Record<string, number>
const longestMs = 3_000

/** Everything to canary, everything back, while requests flow. */
export const changes: Shape = {
  name: 'changes',
  async measure(stage) {
    const parties = await stage.parties.these(contenders)
    const count = stage.quick ? 2 : Math.max(4, Math.round(12 * stage.effort))
    const rows: ShapeRow[] = []
    const wrong: string[] = []
    for (const [i, party] of parties.entries()) {
      stage.progress(party.name, i / parties.length)
      const row = await measureOne(party, { count, calmMs: stage.quick ? 30 : 250 })
      rows.push({ name: party.name, values: row.values })
      if (row.wrong > 0) wrong.push(`${party.name} gave ${row.wrong} wrong answers while weights changed.`)
    }
    wrong.push(...brokenBySerin(rows))
    const title = `${count} changes of weights under ${connections} busy connections`
    return [{ title, columns, rows, goals: goalsOf(rows), wrong }, inProcess(stage)]
  },
}

/** What a change is made of where it happens. */
function inProcess({ quick }: Stage): ShapeTable {
  const { compileUs, swapUs } = measureSwap(quick ? 10 : 500)
  return {
    title: 'A change of weights inside the gateway',
    columns: ['µs'],
    rows: [
      { name: 'compile', values: [shown(compileUs, 1)] },
      { name: 'swap', values: [shown(swapUs, 3)] },
    ],
    goals: [['µs to swap a table, with the decision that follows', swapUs, '≤', 1]],
    wrong: [],
  }
}

function goalsOf(rows: readonly ShapeRow[]): readonly Goal[] {
  const of = (name: string, column: keyof typeof at): number => valueOf(rows, name, at[column])
  const reloadUs = 1_000 * of('nginx', 'byAll')
  return [
    ['µs until a change is acknowledged, which is when it is on disk', of('serin', 'ack'), '≤', 200],
    ['µs until that with two workers', of('serin-2-workers', 'ack'), '≤', 1_000],
    ['requests answered as before after that', sumOf(rows, at.stale), '≤', 0],
    ['connections closed by changes', sumOf(rows, at.closed), '≤', 0],
    ['requests lost by changes', sumOf(rows, at.lost), '≤', 0],
    ['times sooner acknowledged than every request sees a reload of nginx', reloadUs / of('serin', 'ack'), '≥', 500],
    ['times sooner seen than every request sees a reload of nginx', reloadUs / of('serin', 'seen'), '≥', 500],
  ]
}

/** A promise, not a speed. */
function brokenBySerin(rows: readonly ShapeRow[]): readonly string[] {
  return rows
    .filter(({ name }) => name.startsWith(serin.name))
    .flatMap(({ name, values }) => [
      ...(values[at.stale] === 0
        ? []
        : [`${name}: ${values[at.stale]} requests sent after a change were decided as before.`]),
      ...(values[at.lost] === 0 ? [] : [`${name}: ${values[at.lost]} requests were lost by changes of weights.`]),
    ])
}

function sumOf(rows: readonly ShapeRow[], column: number): number {
  const own = rows.filter(({ name }) => name.startsWith(serin.name))
  return own.length === 0 ? Number.NaN : own.reduce((sum, { values }) => sum + Number(values[column]), 0)
}

interface Changed {
  readonly values: readonly (number | null)[]
  readonly wrong: number
}

interface Pace {
  readonly count: number
  readonly calmMs: number
}

async function measureOne({ port, change }: Party, pace: Pace): Promise<Changed> {
  if (change === undefined) return { values: columns.map(() => null), wrong: 0 }
  const [ackUs, alone] = [await acknowledged(change, pace), await underCalls({ port, change }, 1, pace)]
  const busy = await underCalls({ port, change }, connections, pace)
  await change(canaryBp)
  return {
    values: [shown(ackUs, 0), shown(alone.firstUs, 0), shown(busy.lastMs, 1), busy.stale, busy.reopened, busy.lost],
    wrong: alone.wrong + busy.wrong,
  }
}

type Change = NonNullable<Party['change']>

const shareAt = (i: number): number => (i % 2 === 0 ? 10_000 : 0)

/** How long a change takes until it is said to be done, without any requests, in µs. */
async function acknowledged(change: Change, { count }: Pace): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < count; i += 1) {
    await sleep(20)
    const startMs = performance.now()
    await change(shareAt(i))
    taken.push(1_000 * (performance.now() - startMs))
  }
  return medianOf(taken)
}

interface UnderCalls extends Omit<Watched, 'firstMs'> {
  readonly firstUs: number
  readonly reopened: number
}

/** Medians and sums over changes while so many clients call. */
async function underCalls(
  { port, change }: { readonly port: number; readonly change: Change },
  clients: number,
  { count, calmMs }: Pace,
): Promise<UnderCalls> {
  await change(0)
  // What is closed by this change is none of what is measured.
  await sleep(calmMs)
  const callers = new Callers(port, clients)
  const all: Watched[] = []
  try {
    await sleep(calmMs)
    for (let i = 0; i < count; i += 1) {
      const before = shareAt(i) === 0 ? versions.canary : versions.stable
      all.push(await watch(callers, async () => await change(shareAt(i)), { before, calmMs }))
    }
  } finally {
    await callers.stop()
  }
  const sum = (key: 'stale' | 'lost' | 'wrong'): number => all.reduce((total, one) => total + one[key], 0)
  return {
    firstUs: 1_000 * medianOf(all.map(({ firstMs }) => firstMs)),
    lastMs: medianOf(all.map(({ lastMs }) => lastMs)),
    reopened: callers.reopened,
    stale: sum('stale'),
    lost: sum('lost'),
    wrong: sum('wrong'),
  }
}

interface Watched {
  /** From the beginning of the change until the first answer that obeys it. */
  readonly firstMs: number
  /** Until the last request was sent that was answered as before. */
  readonly lastMs: number
  /** Such requests that were sent after it was said to be done. */
  readonly stale: number
  readonly lost: number
  readonly wrong: number
}

/** Looks at what callers get from a change on, until nobody has been answered as before for a while. */
async function watch(
  callers: Callers,
  change: () => Promise<void>,
  { before, calmMs }: { readonly before: string; readonly calmMs: number },
): Promise<Watched> {
  callers.take()
  const startMs = performance.now()
  await change()
  const doneMs = performance.now()
  let [firstMs, lastMs] = [Number.POSITIVE_INFINITY, startMs]
  const sum = { stale: 0, lost: 0, wrong: 0 }
  do {
    await sleep(10)
    for (const { sentMs, endMs, answer } of callers.take()) {
      if (answer === 'lost' || answer === 'wrong') sum[answer] += 1
      else if (answer !== before) firstMs = Math.min(firstMs, endMs)
      else {
        lastMs = Math.max(lastMs, sentMs)
        if (sentMs > doneMs) sum.stale += 1
      }
    }
  } while (performance.now() < Math.min(Math.max(lastMs, doneMs) + calmMs, startMs + longestMs))
  return { firstMs: firstMs - startMs, lastMs: lastMs - startMs, ...sum }
}
