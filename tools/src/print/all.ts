import type { Repository } from '../repository.ts'
import { printApiPage } from './api-page.ts'
import { printBenchShapes } from './bench-shapes.ts'
import { printBenchTable } from './bench-table.ts'
import { printCliPage, type CommandTree } from './cli-page.ts'
import { printConfigPage, printSchema } from './config-page.ts'
import { printErrorsPage } from './errors-page.ts'
import { printJournalPage } from './journal-page.ts'
import { printRoomsGraph } from './rooms-graph.ts'

/** Every file that is printed, by its path; a part of a page lies between its marks. */
export async function printAll(repository: Repository): Promise<Readonly<Record<string, string>>> {
  return {
    'schema/serin.schema.json': printSchema(),
    'docs/reference/config.md': printConfigPage(),
    'docs/reference/errors.md': printErrorsPage(),
    'docs/reference/journal.md': printJournalPage(),
    'docs/reference/api.md': printApiPage(),
    'docs/reference/cli.md': printCliPage(await commandTree()),
    'docs/reference/bench-gateway.md': between(
      repository,
      'docs/reference/bench-gateway.md',
      'recorded',
      printBenchTable(repository.text('packages/bench/src/gateway/recorded.json')),
    ),
    'docs/reference/bench-gateway-shapes.md': between(
      repository,
      'docs/reference/bench-gateway-shapes.md',
      'recorded',
      printBenchShapes(repository.text('packages/bench/src/gateway/shapes/recorded.json')),
    ),
    'ARCHITECTURE.md': between(repository, 'ARCHITECTURE.md', 'rooms', printRoomsGraph(repository)),
  }
}

/** A page with the part between `<!-- NAME -->` and `<!-- /NAME -->` replaced; without the page or the marks it stays as it is. */
export function between(repository: Repository, path: string, name: string, part: string): string {
  const text = repository.has(path) ? repository.text(path) : ''
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [start, end] = [text.indexOf(open), text.indexOf(close)]
  if (start < 0 || end < start) return text
  return `${text.slice(0, start + open.length)}\n\n${part}\n\n${text.slice(end)}`
}

/** The command tree is read from the files of the command line, as the other pages are read from theirs: nothing here is compiled against it. */
async function commandTree(): Promise<CommandTree> {
  const file = new URL('../../../packages/cli/src/command-tree.ts', import.meta.url)
  const door = (await import(file.href)) as { readonly commandTree: () => CommandTree }
  return door.commandTree()
}
