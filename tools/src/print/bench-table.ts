import { table } from './markdown.ts'
import { machineLine } from './recorded-machine.ts'
import type { RecordedMachine } from './recorded-machine.ts'

/** A run of the gateway bench as it was recorded. */
interface Recorded {
  readonly rows: readonly {
    readonly name: string
    readonly rps: number
    readonly ratioToNginx: number | null
    readonly cpuUsPerRequest: number | null
    readonly addedP50Us: number | null
    readonly addedP99Us: number | null
    readonly rssMB: number | null
    readonly errors: number
  }[]
  readonly decisionNs: number
  readonly recordNs: number
  readonly machine: RecordedMachine
}

const columns = ['', 'rps', '× nginx', 'CPU µs', '× nginx', '+p50 µs', '+p99 µs', 'RSS MB', 'errors'] as const

/** The recorded run as a table, with the machine it was made on; the second ratio is CPU per request of nginx over that of the row. */
export function printBenchTable(text: string): string {
  const { rows, decisionNs, recordNs, machine }: Recorded = JSON.parse(text)
  const nginxUs = rows.find(({ name }) => name === 'nginx')?.cpuUsPerRequest ?? null
  const fixed = (value: number | null, digits: number): string => (value === null ? '–' : value.toFixed(digits))
  return [
    machineLine(machine),
    table(
      columns,
      rows.map((row) => [
        `\`${row.name}\``,
        String(row.rps),
        fixed(row.ratioToNginx, 2),
        fixed(row.cpuUsPerRequest, 1),
        fixed(nginxUs === null || row.cpuUsPerRequest === null ? null : nginxUs / row.cpuUsPerRequest, 2),
        fixed(row.addedP50Us, 0),
        fixed(row.addedP99Us, 0),
        fixed(row.rssMB, 0),
        String(row.errors),
      ]),
    ),
    `A decision: ${decisionNs} ns. A record: ${recordNs} ns.`,
  ].join('\n\n')
}
