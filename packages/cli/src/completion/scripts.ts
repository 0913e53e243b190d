import type { CommandTree } from '../tree.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { zshScript } from './zsh.ts'

/** Shells that can be completed for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

const printers: Readonly<Record<Shell, (tree: CommandTree) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** The completion script of a shell, printed from the command tree. */
export function completionScript(shell: Shell, tree: CommandTree): string {
  return printers[shell](tree)
}
