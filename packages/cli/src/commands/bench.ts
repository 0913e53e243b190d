import { SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'

export const bench = defineCommand({
  name: 'bench',
  group: 'More',
  summary: 'Measure what Serin claims, beside others.',
  description:
    'decisions: what it costs the gateway to decide and to count a request, and how soon a change of weights is seen. detection: how few requests until a worse version is found, and how often a harmless one is rolled back, beside the rules of others. gateway: throughput, latency, CPU and memory beside nginx, HAProxy and proxies on Node. gateway-shapes: the gateway beside nginx and HAProxy under other loads: long answers, two workers, HTTP/2, changes of weights, idle connections, stalled readers. series: detectors on labelled series. stats: what the statistics cost. Exit code 1 when a promise is not kept.',
  arguments: {
    name: {
      description: 'The benchmark.',
      required: true,
      choices: ['decisions', 'detection', 'gateway', 'gateway-shapes', 'series', 'stats'],
    },
  },
  options: {
    json: { description: 'One line of JSON; the same as -o json.' },
    effort: { value: 'PART', description: 'Part of the full measure, above 0 and at most 1; default 1.' },
    quick: { description: 'Seconds instead of minutes: shows that it works, the numbers mean little.' },
  },
  examples: [
    { line: 'serin bench detection --effort 0.25', does: 'A quarter of the runs: a minute or two' },
    { line: 'serin bench gateway --json', does: 'All of them, for a program: several minutes' },
  ],
  async run({ args, options, out, world }) {
    if (options.quick && options.effort !== undefined)
      throw new SerinError('usage.invalid', 'Say either --quick or --effort: both say how much is measured.')
    const { benches, quickEffort } = await import('@serin/bench')
    const effort = options.quick ? quickEffort : Number(options.effort ?? 1)
    if (!(effort > 0 && effort <= 1))
      throw new SerinError('usage.invalid', `--effort expects a number above 0 and at most 1, got "${options.effort}".`)
    const found = benches.find(({ name }) => name === args.name)
    if (found === undefined)
      throw new SerinError(
        'usage.invalid',
        `Unknown benchmark "${args.name}". Known: ${benches.map(({ name }) => name).join(', ')}.`,
      )
    const { json, lines, broken, warnings } = await found.run({
      effort,
      progress: (what, done) => out.working(`${(100 * done).toFixed(0).padStart(3)} %  ${what}`),
    })
    if (options.json) world.stdout.write(`${JSON.stringify(json)}\n`)
    else out.result(json, () => lines)
    // Whoever reads the numbers, a program or a person, must know these; a program has stdout for itself.
    for (const sentence of warnings) world.stderr.write(`▲ ${sentence}\n`)
    for (const sentence of broken) world.stderr.write(`✘ ${sentence}\n`)
    return broken.length === 0 ? exitCodes.done : exitCodes.failed
  },
})
