import { defineCommand, exitCodes } from '../command.ts'
import { completionScript, shells, type Shell } from '../completion/scripts.ts'
import { treeOf } from '../tree.ts'

export const completion = defineCommand({
  name: 'completion',
  group: 'More',
  summary: 'Print the completion script of a shell.',
  description: 'It completes commands and options, and asks the control plane for services, versions and rollouts.',
  arguments: { shell: { description: 'bash, zsh or fish.', required: true, choices: shells } },
  examples: [
    { line: 'source <(serin completion bash)', does: 'bash: put it into ~/.bashrc' },
    { line: 'source <(serin completion zsh)', does: 'zsh: put it into ~/.zshrc, after compinit' },
    { line: 'serin completion fish | source', does: 'fish: put it into ~/.config/fish/config.fish' },
  ],
  async run({ args, world, table }) {
    world.stdout.write(completionScript(args.shell as Shell, treeOf(table)))
    return await Promise.resolve(exitCodes.done)
  },
})
