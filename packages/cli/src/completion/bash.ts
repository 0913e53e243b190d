import type { CommandNode, CommandTree, NamedArgument, NamedOption } from '../tree.ts'
import type { Completion } from '../command.ts'
import { familiesOf, firstWords, flagsOf, globalOptionsOf, optionsOf, quoted } from './words.ts'

/** Completion for bash 4 and later. Needs nothing but bash. */
export function bashScript(tree: CommandTree): string {
  const names = firstWords(tree).map(({ word }) => word)
  return `# serin completion for bash; printed by "serin completion bash".
# Bash takes release:1 for three words: they are joined, and what stands before the colon is not offered again. --to=v2 it splits too; that means --to v2.
_serin() {
  local -a words=()
  local i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((\${#words[@]} > 1)) && [[ "\${COMP_WORDS[i]}" == :* || "\${words[\${#words[@]}-1]}" == *: ]]; then
      words[\${#words[@]}-1]+="\${COMP_WORDS[i]}"
    elif [[ "\${COMP_WORDS[i]}" == = ]]; then ((i < COMP_CWORD)) || words+=("")
    else words+=("\${COMP_WORDS[i]}"); fi
  done
  local cword=$((\${#words[@]} - 1))
  local current="\${words[cword]}" previous="\${words[cword-1]}"
  _serin_offer
  if [[ "$current" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local before="\${current%"\${current##*:}"}"
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}
_serin_offer() {
  local command="" service="" word skip=0 position=0 i
  local -a data=()
  COMPREPLY=()
  for ((i = 1; i < cword; i++)); do
    word="\${words[i]}"
    if ((skip)); then
      skip=0
      continue
    fi
    case "$word" in
      --data) data=(--data "\${words[i+1]}"); skip=1 ;;
      ${valueFlags(tree).join('|')}) skip=1 ;;
      -*) ;;
      *)
        if [[ -z "$command" ]]; then command="$word"
        elif [[ ${quoted(`|${nestedNames(tree).join('|')}|`)} == *"|$command $word|"* ]]; then command="$command $word"
        else
          [[ -z "$service" ]] && service="$word"
          ((position += 1))
        fi ;;
    esac
  done
  case "$command $previous" in
${[...tree.commands.flatMap((node) => casesOf(node, tree)), ...optionCases(tree.globalOptions, '*')].join('\n')}
  esac
  if [[ -z "$command" || "$command" == help ]]; then
    if [[ "$current" == -* ]]; then _serin_words ${quoted('-o --output --data --no-color -h --help -V --version')}
    else _serin_words ${quoted(names.join(' '))}; fi
    return
  fi
  case "$command" in
${familiesOf(tree)
  .filter(({ own }) => own === undefined)
  .map(({ word, members }) => `    ${word}) _serin_words ${quoted(members.map((member) => member.word).join(' '))} ;;`)
  .join('\n')}
${tree.commands.map((node) => commandCase(node, tree)).join('\n')}
  esac
}
_serin_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }
_serin_names() { COMPREPLY=($(compgen -W "$(serin __complete "$@" "\${data[@]}" 2>/dev/null)" -- "$current")); }
_serin_files() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); }
_serin_directories() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")); }
complete -F _serin serin
`
}

function nestedNames(tree: CommandTree): readonly string[] {
  return familiesOf(tree).flatMap(({ members }) => members.map(({ node }) => node.name))
}

function valueFlags(tree: CommandTree): readonly string[] {
  const all = [...tree.globalOptions, ...tree.commands.flatMap((node) => node.options)]
  const flags = all.filter((option) => option.value !== undefined && option.name !== 'data').flatMap(flagsOf)
  return [...new Set(flags)]
}

function casesOf(node: CommandNode, tree: CommandTree): readonly string[] {
  const own = node.formats.length === 0 ? [] : globalOptionsOf(node, tree).filter(({ name }) => name === 'output')
  return optionCases([...node.options, ...own], quoted(`${node.name} `))
}

/** What follows an option that takes a value; `before` is the pattern of the command. */
function optionCases(options: readonly NamedOption[], before: string): readonly string[] {
  return options.flatMap((option) => {
    if (option.value === undefined) return []
    const pattern = flagsOf(option)
      .map((flag) => `${before}${quoted(flag)}`)
      .join('|')
    return [`    ${pattern}) ${offerOf(option)}; return ;;`]
  })
}

function commandCase(node: CommandNode, tree: CommandTree): string {
  const flags = optionsOf(node, tree).flatMap(flagsOf)
  const places = node.arguments.map((argument, i) => `      elif ((position == ${i})); then ${offerOf(argument)}\n`)
  const members = familiesOf(tree).find(({ own }) => own === node)?.members ?? []
  const words = quoted(members.map(({ word }) => word).join(' '))
  if (members.length > 0) places.push(`      elif ((position == 0)); then _serin_words ${words}\n`)
  return `    ${quoted(node.name)})
      if [[ "$current" == -* ]]; then _serin_words ${quoted(flags.join(' '))}
${places.join('')}      fi ;;`
}

function offerOf({ choices, completes }: NamedOption | NamedArgument): string {
  return choices === undefined ? offerFor(completes) : `_serin_words ${quoted(choices.join(' '))}`
}

function offerFor(completes: Completion | undefined): string {
  switch (completes) {
    case 'services':
    case 'rollouts':
    case 'targets':
    case 'gates':
      return `_serin_names ${completes}`
    case 'versions':
      return '_serin_names versions $service'
    case 'files':
      return '_serin_files'
    case 'directories':
      return '_serin_directories'
    case undefined:
      return ':'
  }
}
