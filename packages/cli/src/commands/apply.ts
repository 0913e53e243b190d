import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { fileOption, readReleaseFile } from '../release-file.ts'

export const apply = defineCommand({
  name: 'apply',
  group: 'Files',
  summary: 'Apply a release file; nothing starts moving.',
  description:
    'Services are created or changed: all of the file, or, when anything in it is wrong, nothing. A version never changes once applied.',
  options: { file: fileOption },
  examples: [
    { line: 'serin apply -f serin.yaml', does: 'Create or change the services of a file' },
    { line: 'cat serin.yaml | serin apply -f -', does: 'Read it from stdin' },
  ],
  async run(call) {
    const file = await readReleaseFile(call.options.file, call.world)
    const { client } = connect(call)
    call.out.working(`Applying ${file.name}`)
    const answer = await client.applyFile(file)
    call.out.result(answer, () =>
      answer.changes.flatMap(({ service, change, details }) => [
        `${service} ${change}`,
        ...details.map((detail) => `  ${detail}`),
      ]),
    )
    return exitCodes.done
  },
})
