import type { ExtraFormat, Output, OutputFormat } from './output.ts'
import type { World } from './world.ts'

/** What a shell can offer for a word: names asked from the control plane, or paths. */
export type Completion = 'services' | 'versions' | 'rollouts' | 'targets' | 'gates' | 'files' | 'directories'

/** A positional argument; its key is its name. */
export interface ArgumentSpec {
  readonly description: string
  readonly required?: true
  /** It takes all the words that are left; only the last argument can. */
  readonly many?: true
  readonly choices?: readonly string[]
  /** Other words for a choice, such as the singular. */
  readonly aliases?: Readonly<Record<string, string>>
  readonly completes?: Completion
}

/** An option; its key is its long name. With `value` (the placeholder) it takes one, without it is a switch. */
export interface OptionSpec {
  readonly short?: string
  readonly value?: string
  readonly description: string
  readonly default?: string
  readonly required?: true
  /** It can be given several times. */
  readonly many?: true
  readonly choices?: readonly string[]
  readonly completes?: Completion
}

/** A line people can copy, and what it does. */
export interface Example {
  readonly line: string
  readonly does: string
}

type ArgumentValues<A extends Record<string, ArgumentSpec>> = {
  readonly [K in keyof A]: A[K] extends { readonly many: true }
    ? readonly string[]
    : A[K] extends { readonly required: true }
      ? string
      : string | undefined
}
/** What was given for an argument. */
export type ArgumentValue = string | readonly string[] | undefined

/** What was given for an option. */
export type OptionValue = boolean | ArgumentValue

type OptionValues<O extends Record<string, OptionSpec>> = {
  readonly [K in keyof O]: O[K] extends { readonly value: string; readonly many: true }
    ? readonly string[] | undefined
    : O[K] extends { readonly value: string }
      ? O[K] extends { readonly required: true } | { readonly default: string }
        ? string
        : string | undefined
      : boolean
}

/** Options every command understands. */
export interface GlobalValues {
  readonly output: OutputFormat | ExtraFormat
  readonly data: string | undefined
}

/** What a command is run with. */
export interface Call<A, O> {
  readonly args: A
  readonly options: O
  readonly globals: GlobalValues
  /** All words after the command, as typed; only for commands that pass them on. */
  readonly words: readonly string[]
  readonly world: World
  readonly out: Output
  /** The command table, for commands that print it. */
  readonly table: readonly Command[]
}

/** The groups of the overview, in its order. */
export const groups = ['Run', 'Release', 'Look', 'Files', 'More'] as const

/** A command as it is written down: everything that help, completion and the reference are printed from. */
export interface CommandSpec<A extends Record<string, ArgumentSpec>, O extends Record<string, OptionSpec>> {
  /** `release`, or `journal verify` for a command of a group. */
  readonly name: string
  readonly group: (typeof groups)[number]
  readonly summary: string
  /** More than the summary says; shown in the command's own help. */
  readonly description?: string
  readonly arguments?: A
  readonly options?: O
  readonly examples: readonly Example[]
  /** What `-o` takes besides what it takes everywhere. */
  readonly formats?: readonly ExtraFormat[]
  /** Not shown in help. */
  readonly hidden?: true
  /** Unknown options are not errors: all words are handed on. */
  readonly passesOn?: true
  /** Resolves with the exit code; throws SerinError. */
  readonly run: (call: Call<ArgumentValues<A>, OptionValues<O>>) => Promise<number>
}

/** A command whose arguments and options are only known by name. */
export type Command = Omit<CommandSpec<Record<string, ArgumentSpec>, Record<string, OptionSpec>>, 'run'> & {
  readonly arguments: Readonly<Record<string, ArgumentSpec>>
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly run: (
    call: Call<Readonly<Record<string, ArgumentValue>>, Readonly<Record<string, OptionValue>>>,
  ) => Promise<number>
}

/** Declares a command: the types of its arguments and options follow from how they are described. */
export function defineCommand<
  const A extends Record<string, ArgumentSpec> = Record<never, never>,
  const O extends Record<string, OptionSpec> = Record<never, never>,
>(spec: CommandSpec<A, O>): Command {
  // The program gives every command exactly the values it described.
  const run = spec.run as unknown as Command['run']
  return { ...spec, arguments: spec.arguments ?? {}, options: spec.options ?? {}, run }
}

/** Exit codes that CI can trust; `unusable` is what `serin judge` says of files it cannot judge. */
export const exitCodes = { done: 0, failed: 1, rolledBack: 2, unusable: 2, timedOut: 3, interrupted: 130 } as const
