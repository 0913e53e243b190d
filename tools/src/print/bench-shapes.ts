import { table } from './markdown.ts'
import { machineLine } from './recorded-machine.ts'
import type { RecordedMachine } from './recorded-machine.ts'

/** A run of the bench of shapes as it was recorded. */
interface Recorded {
  readonly shapes: readonly {
    readonly title: string
    readonly columns: readonly string[]
    readonly rows: readonly { readonly name: string; readonly values: readonly (number | null)[] }[]
    readonly goals: readonly {
      readonly what: string
      readonly value: number
      readonly is: string
      readonly goal: number
      readonly met: boolean
    }[]
  }[]
  readonly machine: RecordedMachine
}

/** The recorded run: a table for each shape with its goals below, and the machine it was made on. */
export function printBenchShapes(text: string): string {
  const { shapes, machine }: Recorded = JSON.parse(text)
  const parts = shapes.flatMap(({ title, columns, rows, goals }) => [
    `### ${title}`,
    table(
      ['', ...columns],
      rows.map(({ name, values }) => [`\`${name}\``, ...values.map((value) => (value === null ? '–' : String(value)))]),
    ),
    goals
      .map(({ what, value, is, goal, met }) => `- ${met ? '✔' : '✘'} ${value} ${what} (goal ${is} ${goal})`)
      .join('\n'),
  ])
  return [machineLine(machine), ...parts.filter((part) => part !== '')].join('\n\n')
}
