import { groups, type Command } from './command.ts'
import { wrapText } from './view/text.ts'

const [groupWidth, nameWidth] = [9, 13]

/** Everything `serin` can do on one screen: a line for each command, the less common ones by name alone. The options stand where commander prints them. */
export function overviewText(commands: readonly Command[], options: string): string {
  const shown = commands.filter(({ hidden, name }) => hidden !== true && !name.includes(' '))
  const lines = groups
    .filter((group) => group !== 'More')
    .flatMap((group) =>
      shown
        .filter((command) => command.group === group)
        .map(
          ({ name, summary }, i) => `${(i === 0 ? group : '').padEnd(groupWidth)}${name.padEnd(nameWidth)}${summary}`,
        ),
    )
  const more = commands.filter(({ group, hidden }) => group === 'More' && hidden !== true)
  const names = [...new Set(more.map(({ name }) => name.split(' ')[0] ?? name)), 'help']
  const rest = wrapText(names.join(', '), 80 - groupWidth)
  return [
    'Usage: serin COMMAND [options]',
    'Moves live traffic to the next version, watches, and goes back by itself.',
    '',
    ...lines,
    ...rest.map((line, i) => `${(i === 0 ? 'More' : '').padEnd(groupWidth)}${line}`),
    '',
    options.trimEnd(),
    '',
  ].join('\n')
}
