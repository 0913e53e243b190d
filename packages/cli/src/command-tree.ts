import { commands } from './commands/all.ts'
import { treeOf, type CommandTree } from './tree.ts'

export type { CommandNode, CommandTree, NamedArgument, NamedOption } from './tree.ts'

/** Every command of `serin` with its arguments, options and examples, to print a reference from. */
export function commandTree(): CommandTree {
  return treeOf(commands)
}
