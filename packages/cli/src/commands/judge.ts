import { parseCanaryConfig, parseMetricSetPairs, SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { canaryOf, seriesOf } from '../kayenta-input.ts'
import { readReleaseFile } from '../release-file.ts'
import { errorLines, problemOf } from '../report-error.ts'
import { kayentaLines } from '../view/kayenta.ts'
import type { World } from '../world.ts'

interface Asked {
  readonly config: string
  readonly metrics: string
  readonly pass: string | undefined
  readonly marginal: string | undefined
}

export const judge = defineCommand({
  name: 'judge',
  group: 'Files',
  summary: 'Judge time series by the rules of Kayenta.',
  description:
    'Reads a canary config and a metric set pair list, both as Kayenta’s own JSON, and prints each metric’s classification and the score. ' +
    'Exit code 0 when the score passes, 1 when it does not, 2 when the files cannot be judged.',
  arguments: {
    config: { description: 'The canary config; "-" reads stdin.', required: true, completes: 'files' },
    metrics: { description: 'The metric set pair list.', required: true, completes: 'files' },
  },
  options: {
    pass: { value: 'score', description: 'Score that passes; default: the config’s, else 95.' },
    marginal: { value: 'score', description: 'Score that is marginal; default: the config’s, else 75.' },
  },
  examples: [
    { line: 'serin judge canary-config.json metrics.json', does: 'Judge what Kayenta judged' },
    {
      line: 'serin judge canary-config.json metrics.json --pass 80 -o json',
      does: 'With another threshold, for a program',
    },
  ],
  async run({ args, options, world, out }) {
    try {
      const reading = await judged({ ...args, ...options }, world)
      out.result(reading, (paper) => kayentaLines(reading, paper))
      return reading.verdict === 'Pass' ? exitCodes.done : exitCodes.failed
    } catch (error) {
      if (!(error instanceof SerinError)) throw error
      const lines = out.forPeople ? errorLines(error, out.paperFor('stderr')) : [JSON.stringify(problemOf(error))]
      for (const line of lines) world.stderr.write(`${line}\n`)
      return exitCodes.unusable
    }
  },
})

async function judged(asked: Asked, world: World) {
  const [config, metrics] = [await readReleaseFile(asked.config, world), await readReleaseFile(asked.metrics, world)]
  const pairs = parseMetricSetPairs(metrics.text, metrics.name)
  const canary = canaryOf(parseCanaryConfig(config.text, config.name), pairs, {
    pass: scoreOf('--pass', asked.pass),
    marginal: scoreOf('--marginal', asked.marginal),
  })
  const { judgeKayenta } = await import('@serin/stats')
  const reading = judgeKayenta(canary, seriesOf(pairs))
  if (!reading.ok) throw new SerinError('canary-config.invalid', reading.message)
  const { ok: _, ...rest } = reading
  return { ...rest, ...canary.classifier.scoreThresholds }
}

function scoreOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const score = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (score <= 100) return score
  throw new SerinError('usage.invalid', `${option} is "${text}"; expected a score from 0 to 100.`)
}
