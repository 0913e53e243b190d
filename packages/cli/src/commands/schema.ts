import { fileJsonSchema } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'

export const schema = defineCommand({
  name: 'schema',
  group: 'Files',
  summary: 'Print the JSON Schema of serin.yaml, for editors.',
  examples: [
    {
      line: 'serin schema > serin.schema.json',
      does: 'Then, in the first line of serin.yaml: # yaml-language-server: $schema=serin.schema.json',
    },
  ],
  async run({ out }) {
    const value = fileJsonSchema()
    out.result(value, () => [JSON.stringify(value, null, 2)])
    return await Promise.resolve(exitCodes.done)
  },
})
