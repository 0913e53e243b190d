import { table } from './markdown.ts'

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
  readonly machine: {
    readonly at: string
    readonly processor: string
    readonly cores: number
    readonly node: string
    readonly loadBefore: number
    readonly loadAfter: number
  }
}

/** The recorded run: a table for each shape with its goals below, and the machine it was made on. */
export function printBenchShapes(text: string): string {
  const { shapes, machine }: Recorded = JSON.parse(text)
  const { at, processor, cores, node, loadBefore, loadAfter } = machine
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
  return [
    `${at.slice(0, 10)}, ${cores} × ${processor}, Node ${node}; load average ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} after.`,
    ...parts.filter((part) => part !== ''),
  ].join('\n\n')
}
