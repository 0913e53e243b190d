import type { CommandNode, CommandTree, NamedOption } from '../tree.ts'

/** First words of the command line: commands, families, and `help`. Each is there once, as the command that stands first. */
export function firstWords(tree: CommandTree): readonly { readonly word: string; readonly summary: string }[] {
  const words = new Map<string, string>()
  for (const { name, summary } of tree.commands) {
    const [word = ''] = name.split(' ')
    if (!words.has(word)) words.set(word, summary)
  }
  words.set('help', 'Explain a command.')
  return [...words].map(([word, summary]) => ({ word, summary }))
}

/** A word that other words may follow: `journal`, or `token`, which is also a command by itself. */
export interface Family {
  readonly word: string
  readonly own: CommandNode | undefined
  readonly members: readonly { readonly word: string; readonly node: CommandNode }[]
}

/** Commands of two words, by their first. */
export function familiesOf(tree: CommandTree): readonly Family[] {
  const nested = tree.commands.filter(({ name }) => name.includes(' '))
  const byFirst = Map.groupBy(nested, ({ name }) => name.split(' ')[0] ?? '')
  return [...byFirst].map(([word, nodes]) => ({
    word,
    own: tree.commands.find(({ name }) => name === word),
    members: nodes.map((node) => ({ word: node.name.slice(word.length + 1), node })),
  }))
}

/** Options a command understands, its own first. */
export function optionsOf(node: CommandNode, tree: CommandTree): readonly NamedOption[] {
  return [
    ...node.options,
    ...globalOptionsOf(node, tree),
    { name: 'help', short: 'h', description: 'Explain the command.' },
  ]
}

/** Options of every command, with the formats that this one prints in. */
export function globalOptionsOf({ formats }: CommandNode, tree: CommandTree): readonly NamedOption[] {
  return tree.globalOptions.map((option) =>
    option.name === 'output' ? { ...option, choices: [...(option.choices ?? []), ...formats] } : option,
  )
}

/** `-f --file`, as it is typed. */
export function flagsOf({ name, short }: NamedOption): readonly string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`]
}

/** Text inside single quotes of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
