import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { follow } from '../follow.ts'
import { createLiveView } from '../live-view.ts'
import { serviceArgument } from '../shared-options.ts'
import { serviceNamed } from '../target.ts'
import { untilInterrupted } from '../world.ts'

export const watch = defineCommand({
  name: 'watch',
  group: 'Look',
  summary: 'The live view of a service.',
  description:
    'A sentence, the steps, the versions, the evidence, the journal; q or Ctrl-C ends it. In a terminal the view is repainted in place and has keys: h holds or resumes, r rolls back, p promotes, a approves, ? explains; each asks first and names the effect. Into a file, a pipe or a log of CI it appends a line for each step and verdict. With -o json it prints a line of JSON for each change.',
  arguments: { service: serviceArgument },
  examples: [
    { line: 'serin watch shop', does: 'Watch a service' },
    { line: 'serin watch shop -o json', does: 'The same for a program' },
  ],
  async run(call) {
    const { args, world, out } = call
    const connection = connect(call)
    const service = await serviceNamed(connection.client, args.service)
    const { signal, dispose, stop } = untilInterrupted(world)
    const view = out.forPeople ? createLiveView({ world, out, to: 'stdout' }, { connection, quit: stop }) : null
    let last = ''
    try {
      for await (const snapshot of follow(connection, service, signal)) {
        view?.show(snapshot)
        const text = view === null ? JSON.stringify(snapshot.status) : ''
        if (text !== last) out.record(snapshot.status, () => [])
        last = text
      }
    } finally {
      view?.close()
      dispose()
    }
    return exitCodes.done
  },
})
