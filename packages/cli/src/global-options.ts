import type { OptionSpec } from './command.ts'
import { outputFormats } from './output.ts'

/** Options that every command understands, before or after its name. `--no-color` stands apart: it has no positive form. */
export const globalOptions = {
  output: {
    short: 'o',
    value: 'format',
    description: 'How to print: text, wide, json or yaml.',
    default: 'text',
    choices: outputFormats,
  },
  data: {
    value: 'directory',
    description: 'Data directory (SERIN_DATA; default: nearest .serin).',
    completes: 'directories',
  },
} as const satisfies Record<string, OptionSpec>

/** `--no-color`. */
export const noColour: OptionSpec = { description: 'No colour (NO_COLOR does the same).' }
