import type { Completion } from '../command.ts'
import type { CommandNode, CommandTree, NamedArgument, NamedOption } from '../tree.ts'
import { familiesOf, firstWords, optionsOf } from './words.ts'

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
${familiesOf(tree)
  .flatMap(({ word, members }) =>
    members.map(
      (member) =>
        `complete -c serin -n ${quotedForFish(
          whenAlone(
            word,
            members.map((one) => one.word),
          ),
        )} -a ${member.word} -d ${quotedForFish(member.node.summary)}`,
    ),
  )
  .join('\n')}
complete -c serin -n "__fish_seen_subcommand_from help" -a "$commands"
${tree.commands.flatMap((node) => nodeLines(node, tree)).join('\n')}
`
}

function nodeLines(node: CommandNode, tree: CommandTree): readonly string[] {
  const when = `complete -c serin -n ${quotedForFish(whenIt(node, tree))}`
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

/** The condition under which a word has none of its own behind it. */
function whenAlone(word: string, members: readonly string[]): string {
  return `__fish_seen_subcommand_from ${word}; and not __fish_seen_subcommand_from ${members.join(' ')}`
}

/** The condition under which it is this command. */
function whenIt(node: CommandNode, tree: CommandTree): string {
  const members = familiesOf(tree).find(({ own }) => own === node)?.members
  if (members !== undefined)
    return whenAlone(
      node.name,
      members.map(({ word }) => word),
    )
  return node.name
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ')
}

function offerOf({ choices, completes }: NamedArgument | NamedOption): string {
  return choices === undefined ? offerFor(completes) : `-a ${quotedForFish(choices.join(' '))}`
}

function offerFor(completes: Completion | undefined): string {
  switch (completes) {
    case 'services':
    case 'rollouts':
    case 'targets':
    case 'gates':
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
