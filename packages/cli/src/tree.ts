import type { ArgumentSpec, Command, Example, OptionSpec } from './command.ts'
import { globalOptions, noColour } from './global-options.ts'
import type { ExtraFormat } from './output.ts'

/** An argument with its name. */
export type NamedArgument = ArgumentSpec & { readonly name: string }

/** An option with its long name. */
export type NamedOption = OptionSpec & { readonly name: string }

/** A command as a document shows it. */
export interface CommandNode {
  /** `release` or `journal verify`. */
  readonly name: string
  readonly group: string
  readonly usage: string
  readonly summary: string
  readonly description: string | undefined
  readonly arguments: readonly NamedArgument[]
  readonly options: readonly NamedOption[]
  readonly examples: readonly Example[]
  /** What `-o` takes besides what it takes everywhere. */
  readonly formats: readonly ExtraFormat[]
}

/** Everything the command line understands. */
export interface CommandTree {
  readonly globalOptions: readonly NamedOption[]
  readonly commands: readonly CommandNode[]
}

/** The command table as plain data: help, completion and the reference are printed from it. Hidden commands are not in it. */
export function treeOf(commands: readonly Command[]): CommandTree {
  return {
    globalOptions: [...named(globalOptions), { name: 'no-color', ...noColour }],
    commands: commands
      .filter(({ hidden }) => hidden !== true)
      .map(({ name, group, summary, description, arguments: args, options, examples, formats = [] }) => ({
        name,
        group,
        usage: usageOf(name, named(args), named(options)),
        summary,
        description,
        arguments: named(args),
        options: named(options),
        examples,
        formats,
      })),
  }
}

function named<Spec>(specs: Readonly<Record<string, Spec>>): readonly (Spec & { readonly name: string })[] {
  return Object.entries(specs).map(([name, spec]) => ({ name, ...spec }))
}

function usageOf(name: string, args: readonly NamedArgument[], options: readonly NamedOption[]): string {
  const required = options.filter((option) => option.required === true)
  return [
    'serin',
    name,
    ...args.map(({ name: argument, required: isRequired, many }) => {
      const words = `${argument.toUpperCase()}${many === true ? '…' : ''}`
      return isRequired === true ? words : `[${words}]`
    }),
    ...required.map((option) => `--${option.name} ${(option.value ?? '').toUpperCase()}`.trim()),
    ...(options.length > required.length ? ['[options]'] : []),
  ].join(' ')
}
