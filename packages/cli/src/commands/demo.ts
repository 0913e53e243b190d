import { SerinError } from '@serin/spec'
import { defineCommand } from '../command.ts'

/** Named, not imported: the example is no dependency of the command line. */
const example: string = '@serin/example-spam-filter/demo'

export const demo = defineCommand({
  name: 'demo',
  group: 'Run',
  summary: 'Release three versions of a real model to live traffic.',
  description:
    'Real processes, real messages, real statistics: a bad version is rolled back, a slow one too, a better one is promoted. About two minutes; leaves nothing behind.',
  passesOn: true,
  options: {
    keep: { description: 'Leave everything running at the end.' },
    json: { description: 'Print the result as one line of JSON at the end.' },
  },
  examples: [
    { line: 'serin demo', does: 'Watch a bad version be rolled back and a good one be promoted' },
    { line: 'serin demo --keep', does: 'Look around afterwards' },
  ],
  async run({ words }) {
    const { runDemo } = await load()
    return await runDemo(words)
  },
})

interface Demo {
  readonly runDemo: (argv: readonly string[]) => Promise<number>
}

async function load(): Promise<Demo> {
  try {
    return (await import(example)) as Demo
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || !isMissing(cause.code)) throw cause
    throw new SerinError(
      'usage.invalid',
      'The demo is not part of this installation; it runs in a clone of the repository.',
      {
        cause,
      },
    )
  }
}

function isMissing(code: unknown): boolean {
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
}
