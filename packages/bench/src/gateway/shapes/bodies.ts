import { haproxy } from '../parties/haproxy.ts'
import { nginx } from '../parties/nginx.ts'
import { serin, serinNet } from '../parties/serin.ts'
import { driveInTurns, fullSpeedColumns } from './full-speed.ts'
import { shown, valueOf } from './shape.ts'
import type { Shape, ShapeTable, Stage } from './shape.ts'

const lengths = [
  { bytes: 10_240, says: '10 KB', connections: 64, goal: 1 },
  { bytes: 1_048_576, says: '1 MB', connections: 32, goal: 1 },
] as const

/** Longer answers, whose bytes cost more than their heads. */
export const bodies: Shape = {
  name: 'bodies',
  async measure(stage) {
    const parties = await stage.parties.these([nginx, haproxy, serin, serinNet])
    const tables: ShapeTable[] = []
    for (const length of lengths) tables.push(await measureLength(stage, parties, length))
    return tables
  },
}

async function measureLength(
  stage: Stage,
  parties: Parameters<typeof driveInTurns>[1],
  { bytes, says, connections, goal }: (typeof lengths)[number],
): Promise<ShapeTable> {
  const speed = { rounds: 5, roundMs: 1_000, warmMs: 1_000, connections, bytes }
  const { rows, wrong } = await driveInTurns(stage, parties, speed)
  const perKB = rows.map(({ name, values }) => ({
    name,
    values: [...values.slice(0, 4), shown((1_024 * Number(values[2])) / bytes, 3), ...values.slice(4)],
  }))
  return {
    title: `Answers of ${says}, ${connections} connections`,
    columns: [...fullSpeedColumns.slice(0, 4), 'µs per KB', ...fullSpeedColumns.slice(4)],
    rows: perKB,
    goals: [
      [`throughput of nginx, answers of ${says}`, valueOf(rows, 'serin', 1), '≥', goal],
      [`requests of nginx with the same CPU, answers of ${says}`, valueOf(rows, 'serin', 3), '≥', goal],
    ],
    wrong: wrong.map((sentence) => `Answers of ${says}: ${sentence}`),
  }
}
