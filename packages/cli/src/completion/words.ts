import type { CommandNode, CommandTree, NamedOption } from '../tree.ts'

/** First words of the command line: commands, families, and `help`. */
export function firstWords(tree: CommandTree): readonly { readonly word: string; readonly summary: string }[] {
  const words = tree.commands.map((node) => {
    const [word = ''] = node.name.split(' ')
    return { word, summary: node.summary }
  })
  return [...words, { word: 'help', summary: 'Explain a command.' }]
}

/** Options a command understands, its own first. */
export function optionsOf(node: CommandNode, tree: CommandTree): readonly NamedOption[] {
  return [...node.options, ...tree.globalOptions, { name: 'help', short: 'h', description: 'Explain the command.' }]
}

/** `-f --file`, as it is typed. */
export function flagsOf({ name, short }: NamedOption): readonly string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`]
}

/** Text inside single quotes of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
