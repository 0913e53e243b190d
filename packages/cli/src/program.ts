import { nearest, SerinError } from '@serin/spec'
import { Argument, Command as Commander, CommanderError, Help, Option } from 'commander'
import { argoHint } from './argo-words.ts'
import { commands } from './commands/all.ts'
import {
  groups,
  type ArgumentValue,
  type Command,
  type GlobalValues,
  type OptionSpec,
  type OptionValue,
} from './command.ts'
import { globalOptions, noColour } from './global-options.ts'
import { overviewText } from './overview.ts'
import { extraFormats, outputFormats, type ExtraFormat, type OutputFormat } from './output.ts'

/** What the words of a command line mean: a command to run, or text (help, version) to print. */
export type Parsed =
  | {
      readonly command: Command
      readonly args: Readonly<Record<string, ArgumentValue>>
      readonly options: Readonly<Record<string, OptionValue>>
      readonly globals: GlobalValues
      readonly colour: boolean
      readonly words: readonly string[]
    }
  | { readonly text: string }

/** Groups of commands that share a first word. */
const families: Readonly<Record<string, string>> = { journal: 'Check the journal.' }

/** Reads a command line. Throws `usage.invalid` with the nearest known name when a word is not known. */
export function parseCommandLine(
  argv: readonly string[],
  { version, width }: { readonly version: string; readonly width: number },
): Parsed {
  let text = ''
  let parsed: Parsed | undefined
  const program: Commander = new Commander('serin')
    .description('Moves live traffic from one version to the next, watches, and goes back by itself.')
    .usage('COMMAND [options]')
    .version(version, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Explain a command.')
    .addHelpCommand(new Commander('help').argument('[command]').summary('Explain a command.').helpGroup('More:'))
    .exitOverride()
    .configureOutput({
      writeOut: (part) => (text += part),
      writeErr: (part) => (text += part),
      outputError: () => undefined,
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => false,
    })
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => command.name(),
      // Those of every command, not those of a family a command belongs to.
      visibleGlobalOptions: (command) =>
        command.parent === null
          ? []
          : program
              .createHelp()
              .visibleOptions(program)
              .filter(({ long }) => long !== '--help'),
      formatHelp: (command, helper) => {
        const text = Help.prototype.formatHelp.call(helper, command, helper)
        return command.parent === null ? overviewText(commands, optionsOf(text)) : optionsLast(text, command)
      },
    })
    .addHelpText('after', '\nStart with "serin demo", or with "serin up" beside a serin.yaml.')
    .addHelpText('after', '"serin help COMMAND" explains a command, with examples.')
  for (const [name, spec] of Object.entries(globalOptions)) program.addOption(optionOf(name, spec, extraFormats))
  program.addOption(new Option('--no-color', noColour.description))
  for (const group of groups)
    for (const command of commands.filter((candidate) => candidate.group === group))
      addCommand(program, command, (args, options) => {
        const globals = program.opts<{ output: OutputFormat | ExtraFormat; data?: string; color: boolean }>()
        // Read before the command is known; now it is.
        choiceOf('--output', [...outputFormats, ...(command.formats ?? [])])(globals.output)
        parsed = {
          command,
          args,
          options,
          globals: { output: globals.output, data: globals.data },
          colour: globals.color,
          words: argv.slice(argv.indexOf(command.name) + 1),
        }
      })
  try {
    if (argv.length === 0) program.help()
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) return { text }
    throw usageError(error, argv)
  }
  return parsed ?? { text }
}

/** Whether errors should be JSON, even when the command line itself is the error. */
export function asksForJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, i) =>
      /^(-o|--output)=?json$/.test(word) || ((word === '-o' || word === '--output') && argv[i + 1] === 'json'),
  )
}

type Chosen = (args: Readonly<Record<string, ArgumentValue>>, options: Readonly<Record<string, OptionValue>>) => void

function addCommand(program: Commander, command: Command, chosen: Chosen): void {
  const [first = '', second] = command.name.split(' ')
  const parent = second === undefined ? program : familyOf(program, first)
  const built = parent
    .command(second ?? first, { hidden: command.hidden === true })
    .summary(command.summary)
    .description([command.summary, ...(command.description === undefined ? [] : ['', command.description])].join('\n'))
    .helpGroup(`${command.group}:`)
    .allowUnknownOption(command.passesOn === true)
    .allowExcessArguments(command.passesOn === true)
  for (const [name, { description, required, many, choices, aliases }] of Object.entries(command.arguments)) {
    const words = many === true ? `${name}...` : name
    const argument = new Argument(required === true ? `<${words}>` : `[${words}]`, description)
    built.addArgument(choices === undefined ? argument : argument.argParser(choiceOf(name, choices, aliases)))
  }
  for (const [name, spec] of Object.entries(command.options)) built.addOption(optionOf(name, spec))
  built.addHelpText('after', () => examplesOf(command))
  const names = Object.keys(command.arguments)
  built.action((...values: unknown[]) => {
    const args = Object.fromEntries(names.map((name, i) => [name, values[i] as ArgumentValue]))
    const given = built.opts<Record<string, OptionValue>>()
    const options = Object.fromEntries(
      Object.entries(command.options).map(([name, { value }]) => [
        name,
        value === undefined ? given[keyOf(name)] === true : given[keyOf(name)],
      ]),
    )
    // Commander gives `token create --show` to `token`.
    const stray = parent === program ? undefined : parent.options.find(isGivenTo(parent))
    if (stray !== undefined)
      throw new SerinError('usage.invalid', `"${command.name}" has no option ${stray.long ?? ''}.`)
    // Checked here, not by commander: a misspelt option is the better news.
    for (const [name, { required, value }] of Object.entries(command.options))
      if (required === true && options[name] === undefined)
        throw new SerinError('usage.invalid', `Missing: --${name} ${(value ?? '').toUpperCase()}.`)
    chosen(args, options)
  })
}

function isGivenTo(command: Commander): (option: Option) => boolean {
  return (option) => command.getOptionValueSource(option.attributeName()) === 'cli'
}

function familyOf(program: Commander, name: string): Commander {
  const known = program.commands.find((candidate) => candidate.name() === name)
  if (known !== undefined) return known
  return program
    .command(name)
    .description(families[name] ?? '')
    .helpGroup('More:')
}

/** The section of the options alone. */
function optionsOf(text: string): string {
  return text.split('\n\n').find((section) => section.startsWith('Options:')) ?? ''
}

/** In a family the commands come first. */
function optionsLast(text: string, { commands }: Commander): string {
  const sections = text.trimEnd().split('\n\n')
  const isOptions = (section: string) => /^(Global )?Options:/.test(section)
  if (commands.length === 0) return text
  return `${[...sections.filter((section) => !isOptions(section)), ...sections.filter(isOptions)].join('\n\n')}\n`
}

function examplesOf({ examples }: Command): string {
  if (examples.length === 0) return ''
  return ['', 'Examples:', ...examples.flatMap(({ line, does }) => [`  # ${does}`, `  ${line}`])].join('\n')
}

/** The name under which commander keeps an option: `access-log` → `accessLog`. */
function keyOf(name: string): string {
  return name.replaceAll(/-(\w)/g, (_whole, letter: string) => letter.toUpperCase())
}

function optionOf(name: string, spec: OptionSpec, more: readonly string[] = []): Option {
  const { short, value, choices, required } = spec
  const description = required === true ? `${spec.description} (required)` : spec.description
  const flags = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`
  const option = new Option(flags, description)
  if (spec.default !== undefined) option.default(spec.default)
  if (spec.many === true)
    option.argParser((one: string, before: readonly string[] | undefined) => [...(before ?? []), one])
  return choices === undefined ? option : option.argParser(choiceOf(`--${name}`, choices, {}, more))
}

function choiceOf(
  what: string,
  choices: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): (value: string) => string {
  return (value) => {
    const meant = Object.hasOwn(aliases, value) ? aliases[value] : value
    if (meant !== undefined && (choices.includes(meant) || more.includes(meant))) return meant
    const near = nearest(value, choices)
    throw new SerinError(
      'usage.invalid',
      `"${value}" is not a ${what}. Known: ${choices.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    )
  }
}

/** Commander's `error: unknown option '--wiat'` and `(Did you mean --wait?)` as one sentence of ours. Who types a line of `kubectl argo rollouts` is told ours instead. */
function usageError(error: unknown, argv: readonly string[]): unknown {
  const isOurs = error instanceof SerinError && error.code === 'usage.invalid'
  if (!isOurs && !(error instanceof CommanderError)) return error
  const [first = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n')
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`
  const hint = argoHint(argv)
  if (hint !== undefined)
    return new SerinError('usage.invalid', `${sentence.split('. ')[0]?.replace(/\.?$/, '.')} ${hint}`)
  if (isOurs) return error
  const known = error.code === 'commander.unknownCommand' ? ` Known: ${visible(commands).join(', ')}.` : ''
  const near = suggestion.replace(/^\((.*)\)$/, '$1')
  return new SerinError('usage.invalid', `${sentence}${known}${near === '' ? '' : ` ${near}`}`)
}

function visible(all: readonly Command[]): readonly string[] {
  return [...new Set(all.filter(({ hidden }) => hidden !== true).map(({ name }) => name.split(' ')[0] ?? name))]
}
