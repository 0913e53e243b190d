import { page, printedFrom, table } from './markdown.ts'

/** What the printer reads of an option of the command line. */
export interface OptionShape {
  readonly name: string
  readonly short?: string
  readonly value?: string
  readonly description: string
  readonly default?: string
  readonly choices?: readonly string[]
}

/** What the printer reads of a command. */
export interface CommandShape {
  readonly name: string
  readonly usage: string
  readonly summary: string
  readonly description?: string | undefined
  readonly arguments: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly OptionShape[]
  readonly examples: readonly { readonly line: string; readonly does: string }[]
}

/** The command tree of the command line. */
export interface CommandTree {
  readonly commands: readonly CommandShape[]
  readonly globalOptions: readonly OptionShape[]
}

/** `docs/reference/cli.md`: every command with its arguments, options and examples. */
export function printCliPage({ commands, globalOptions }: CommandTree): string {
  return page([
    '# The command line',
    printedFrom('packages/cli/src/commands'),
    'Each command prints for people; with `-o json` or `-o yaml` it prints for programs. Errors go to stderr.',
    table(
      ['command', 'what it does'],
      commands.map(({ name, summary }) => [`[serin ${name}](#serin-${name.replaceAll(' ', '-')})`, summary]),
    ),
    '## Options of every command',
    optionTable(globalOptions),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      [
        ['0', 'Done; with `--wait`: promoted.'],
        ['1', 'Wrong usage, or a failure.'],
        ['2', 'Rolled back.'],
        ['3', 'Timed out.'],
      ],
    ),
    ...commands.map(describe),
  ])
}

function describe({ name, usage, summary, description, arguments: args, options, examples }: CommandShape): string {
  const parts = [
    `## serin ${name}`,
    `\`${usage}\` · ${summary}`,
    description ?? '',
    args.length === 0
      ? ''
      : table(
          ['argument', 'meaning'],
          args.map(({ name: argument, description: meaning }) => [`\`${argument.toUpperCase()}\``, meaning]),
        ),
    options.length === 0 ? '' : optionTable(options),
    examples.length === 0
      ? ''
      : ['```sh', ...examples.flatMap(({ line, does }) => [`# ${does}`, line]), '```'].join('\n'),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function optionTable(options: readonly OptionShape[]): string {
  return table(
    ['option', 'meaning', 'default'],
    options.map(({ name, short, value, description, choices = [], default: usual }) => [
      `\`${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value.toUpperCase()}`}\``,
      `${description}${choices.length === 0 ? '' : ` One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`}`,
      usual === undefined ? '' : `\`${usual}\``,
    ]),
  )
}
