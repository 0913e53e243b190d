import type { Completion } from '../command.ts'
import type { CommandNode, CommandTree, NamedArgument, NamedOption } from '../tree.ts'
import { firstWords, flagsOf, optionsOf, quoted } from './words.ts'

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
    journal) _arguments '1: :(verify)' ;;
    help) _serin_commands ;;
${tree.commands
  .filter(({ name }) => !name.includes(' '))
  .map((node) => commandCase(node, tree))
  .join('\n')}
  esac
}
(( $+functions[compdef] )) && compdef _serin serin
`
}

function commandCase(node: CommandNode, tree: CommandTree): string {
  const words = [...optionsOf(node, tree).map(optionWord), ...node.arguments.map(argumentWord)]
  return `    ${node.name})\n      _arguments ${words.join(' \\\n        ')} ;;`
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
