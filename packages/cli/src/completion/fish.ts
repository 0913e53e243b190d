import type { Completion } from '../command.ts'
import type { CommandNode, CommandTree, NamedArgument, NamedOption } from '../tree.ts'
import { firstWords, optionsOf } from './words.ts'

/** Completion for fish, with the descriptions of commands and options. */
export function fishScript(tree: CommandTree): string {
  const names = firstWords(tree).map(({ word }) => word)
  return `# serin completion for fish; printed by "serin completion fish".
function __serin_names
    set -l words (commandline -opc)
    set -l data
    if set -l at (contains -i -- --data $words)
        set data --data $words[(math $at + 1)]
    end
    serin __complete $argv $data 2>/dev/null
end
function __serin_service
    for word in (commandline -opc)[3..]
        if not string match -q -- '-*' $word
            echo $word
            return
        end
    end
end
complete -c serin -f
set -l commands ${names.join(' ')}
${firstWords(tree)
  .map(
    ({ word, summary }) =>
      `complete -c serin -n "not __fish_seen_subcommand_from $commands" -a ${word} -d ${quotedForFish(summary)}`,
  )
  .join('\n')}
complete -c serin -n "__fish_seen_subcommand_from journal" -a verify -d 'Check that nobody changed the journal.'
complete -c serin -n "__fish_seen_subcommand_from help" -a "$commands"
${tree.commands.flatMap((node) => nodeLines(node, tree)).join('\n')}
`
}

function nodeLines(node: CommandNode, tree: CommandTree): readonly string[] {
  const [first = ''] = node.name.split(' ')
  const when = `complete -c serin -n "__fish_seen_subcommand_from ${first}"`
  return [
    ...node.arguments.flatMap((argument) => {
      const offer = offerOf(argument)
      return offer === '' ? [] : [`${when} ${offer}`]
    }),
    ...optionsOf(node, tree).map((option) => {
      const flags = `${option.short === undefined ? '' : `-s ${option.short} `}-l ${option.name}`
      const value = option.value === undefined ? '' : ` -x ${offerOf(option)}`.trimEnd()
      return `${when} ${flags}${value} -d ${quotedForFish(option.description)}`
    }),
  ]
}

function offerOf({ choices, completes }: NamedArgument | NamedOption): string {
  return choices === undefined ? offerFor(completes) : `-a ${quotedForFish(choices.join(' '))}`
}

function offerFor(completes: Completion | undefined): string {
  switch (completes) {
    case 'services':
    case 'rollouts':
      return `-a '(__serin_names ${completes})'`
    case 'versions':
      return "-a '(__serin_names versions (__serin_service))'"
    case 'files':
      return '-a "(__fish_complete_path)"'
    case 'directories':
      return '-a "(__fish_complete_directories)"'
    case undefined:
      return ''
  }
}

function quotedForFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}
