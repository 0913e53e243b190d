import type { Completion } from '../command.ts'
import type { CommandNode, CommandTree, NamedArgument, NamedOption } from '../tree.ts'
import { familiesOf, firstWords, flagsOf, optionsOf, quoted, type Family } from './words.ts'

/** Completion for zsh, with the descriptions of commands and options. */
export function zshScript(tree: CommandTree): string {
  const commands = firstWords(tree).map(({ word, summary }) => `    ${quoted(`${word}:${summary}`)}`)
  return `#compdef serin
# serin completion for zsh; printed by "serin completion zsh".
_serin_names() {
  local -a data names
  local at=\${words[(I)--data]}
  ((at > 0)) && data=(--data "\${words[at+1]}")
  names=(\${(f)"$(serin __complete "$@" "\${data[@]}" 2>/dev/null)"})
  compadd -a names
}
_serin_services() { _serin_names services }
_serin_rollouts() { _serin_names rollouts }
_serin_targets() { _serin_names targets }
_serin_gates() { _serin_names gates }
_serin_versions() { _serin_names versions \${(M)line[1]:#[^-]*} }
_serin_commands() {
  local -a commands=(
${commands.join('\n')}
  )
  _describe -t commands command commands
}
_serin() {
  local curcontext="$curcontext" state
  local -a line
  local -A opt_args
  _arguments -C '1: :_serin_commands' '*:: :->rest' && return
  [[ $state == rest ]] || return
  case "\${line[1]}" in
    help) _serin_commands ;;
${familiesOf(tree)
  .map((family) => familyCase(family, tree))
  .join('\n')}
${tree.commands
  .filter((node) => !node.name.includes(' ') && !familiesOf(tree).some(({ own }) => own === node))
  .map((node) => commandCase(node, tree))
  .join('\n')}
  esac
}
(( $+functions[compdef] )) && compdef _serin serin
`
}

function commandCase(node: CommandNode, tree: CommandTree): string {
  return `    ${node.name})\n      ${argumentsOf(node, tree)} ;;`
}

function argumentsOf(node: CommandNode, tree: CommandTree): string {
  const words = [...optionsOf(node, tree).map(optionWord), ...node.arguments.map(argumentWord)]
  return `_arguments ${words.join(' \\\n        ')}`
}

/** The second word first; behind it, what that command takes. */
function familyCase({ word, own, members }: Family, tree: CommandTree): string {
  const second = quoted(`1: :(${members.map((member) => member.word).join(' ')})`)
  const options = own === undefined ? [] : optionsOf(own, tree).map(optionWord)
  const cases = members.map(
    (member) => `        ${member.word}) shift words; ((CURRENT -= 1)); ${argumentsOf(member.node, tree)} ;;`,
  )
  return `    ${word})
      if ((CURRENT == 2)); then _arguments ${[second, ...options].join(' \\\n        ')}; return; fi
      case "\${words[2]}" in
${cases.join('\n')}
      esac ;;`
}

function optionWord(option: NamedOption): string {
  const flags = flagsOf(option)
  const text = `[${escaped(option.description)}]`
  const value = option.value === undefined ? '' : `:${option.value}:${actionOf(option)}`
  if (flags.length === 1) return quoted(`${flags[0] ?? ''}${text}${value}`)
  return `${quoted(`(${flags.join(' ')})`)}{${flags.join(',')}}${quoted(`${text}${value}`)}`
}

function argumentWord(argument: NamedArgument, i: number): string {
  const optional = argument.required === true ? ':' : '::'
  return quoted(`${i + 1}${optional}${argument.name}:${actionOf(argument)}`)
}

function actionOf({ choices, completes }: NamedOption | NamedArgument): string {
  return choices === undefined ? actionFor(completes) : `(${choices.join(' ')})`
}

function actionFor(completes: Completion | undefined): string {
  switch (completes) {
    case 'services':
    case 'rollouts':
    case 'targets':
    case 'gates':
    case 'versions':
      return `_serin_${completes}`
    case 'files':
      return '_files'
    case 'directories':
      return '_files -/'
    case undefined:
      return ' '
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:]/g, String.raw`\$&`)
}
