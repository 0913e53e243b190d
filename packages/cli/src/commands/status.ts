import { SerinError, type ServiceStatus } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { sayRollout } from '../said.ts'
import { serviceArgument, timeoutOption } from '../shared-options.ts'
import { serviceNamed } from '../target.ts'
import { serviceMark, signOf } from '../view/marks.ts'
import type { Paper } from '../view/paper.ts'
import { freezeLines, serviceSentence } from '../view/sentence.ts'
import { sliceNote } from '../view/slices.ts'
import { cleanText, wrapText } from '../view/text.ts'
import { isOpen, versionLines } from '../view/versions.ts'
import { codeOf, endingLines, timeoutOf, waitForEnd } from '../wait.ts'

export const status = defineCommand({
  name: 'status',
  group: 'Look',
  summary: 'Is it all right? A sentence for each service.',
  description:
    'With -w it waits until the rollout under way is over; the exit code is then that of "release --wait": 0 promoted, 2 rolled back, 3 not over within the timeout.',
  arguments: { service: serviceArgument },
  options: {
    watch: { short: 'w', description: 'Wait until the rollout is over.' },
    timeout: timeoutOption,
  },
  examples: [
    { line: 'serin status', does: 'All services' },
    { line: 'serin status shop -w --timeout 10m', does: 'Wait for the end of the rollout under way' },
  ],
  async run(call) {
    const { args, options, out, world } = call
    const timeoutMs = timeoutOf(options.timeout)
    const connection = connect(call)
    if (!options.watch) {
      if (args.service === undefined) {
        const { services } = await connection.client.listServices({})
        out.result({ services }, (paper) =>
          services.length === 0
            ? ['There is no service yet.']
            : services.flatMap((service) => statusLines(service, paper)),
        )
      } else {
        const service = await connection.client.getService({ service: args.service })
        out.result(service, (paper) => statusLines(service, paper))
      }
      return exitCodes.done
    }
    const { name, rollout } = await connection.client.getService({
      service: await serviceNamed(connection.client, args.service),
    })
    if (rollout === null) throw new SerinError('rollout.not-found', `${name} has had no rollout yet.`)
    const end = await waitForEnd({ connection, rollout, timeoutMs, world, out })
    sayRollout(out, end.rollout, ...endingLines(end.ending, end.rollout))
    return codeOf(end.ending)
  },
})

function statusLines(service: ServiceStatus, paper: Paper): readonly string[] {
  const inner = { ...paper, width: paper.width - 2 }
  const { rollout } = service
  // Advice about a rollout that is over is for "serin explain".
  const judgement = rollout !== null && isOpen(rollout) ? rollout.judgement : null
  const [first = '', ...more] = wrapText(`${service.name}: ${cleanText(serviceSentence(service))}`, inner.width)
  return [
    `${signOf(serviceMark(service), paper)} ${paper.ink('strong', first)}`,
    ...more.map((line) => `  ${paper.ink('strong', line)}`),
    ...freezeLines(service, inner.width).map((line) => `  ${paper.ink('wait', line)}`),
    ...queueLine(service),
    ...service.trouble
      .flatMap((sentence) => wrapText(cleanText(sentence), inner.width - 2))
      .map((line) => `  ${paper.ink('harm', `■ ${line}`)}`),
    ...(judgement === null ? [] : sliceNote(judgement, inner).map((line) => `  ${line}`)),
    ...versionLines(service, inner).map((line) => `  ${line}`),
  ]
}

function queueLine({ queue }: ServiceStatus): readonly string[] {
  return queue.length === 0 ? [] : [`  Then ${queue.join(', ')}.`]
}
