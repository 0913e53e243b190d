import { writeFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import type { JournalLine } from '@serin/sdk'
import { SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect, type Connection } from '../connection.ts'
import type { Output } from '../output.ts'
import { reportHtml } from '../report/html.ts'
import { reportMarkdown } from '../report/markdown.ts'
import { reportFormats, type Report, type ReportFormat } from '../report/report.ts'
import { rolloutArgument } from '../shared-options.ts'
import { rolloutNamed } from '../target.ts'
import { plural } from '../view/figures.ts'

const mostEntries = 10_000
const page = 1_000

const printers: Readonly<Record<ReportFormat, (report: Report) => string>> = {
  html: reportHtml,
  md: reportMarkdown,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
}

export const report = defineCommand({
  name: 'report',
  group: 'Look',
  formats: ['html', 'md'],
  summary: 'Print a rollout as a page, for a post-mortem or review.',
  description:
    'The sentence, the steps asked and observed, the evidence over time, why, and who did what. HTML is one page that loads nothing; Markdown draws with characters; JSON is all of it for a program. Without -o the ending of --out decides, else it is Markdown.',
  arguments: { rollout: rolloutArgument },
  options: {
    out: { value: 'file', description: 'Write it there instead of printing it.', completes: 'files' },
  },
  examples: [
    { line: 'serin report shop-3 --out shop-3.html', does: 'A page to keep, send or print' },
    { line: 'serin report shop -o md >> "$GITHUB_STEP_SUMMARY"', does: 'In CI, or on a pull request' },
  ],
  async run(call) {
    const { args, options, globals, world, out } = call
    const format = formatOf(globals.output, options.out)
    const { client } = connect(call)
    const rollout = await rolloutNamed(client, args.rollout)
    const [{ points }, entries, { version }] = await Promise.all([
      client.getHistory({ rollout: rollout.id }),
      journalOf(client, rollout.id, out),
      client.whoami({}),
    ])
    const text = printers[format]({ rollout, points, entries, madeAt: Date.now(), serin: version })
    if (options.out === undefined) {
      world.stdout.write(text)
      return exitCodes.done
    }
    try {
      await writeFile(resolve(world.cwd, options.out), text)
    } catch (cause) {
      throw new SerinError('usage.invalid', `${options.out} cannot be written.`, { cause })
    }
    out.note(`Wrote ${options.out}.`)
    return exitCodes.done
  },
})

/** What the ending of a file says. */
const endings: Readonly<Record<string, ReportFormat>> = {
  '.html': 'html',
  '.htm': 'html',
  '.md': 'md',
  '.markdown': 'md',
  '.json': 'json',
}

function formatOf(output: string, file: string | undefined): ReportFormat {
  if (output === 'yaml') throw new SerinError('usage.invalid', 'A report is html, md or json, not yaml.')
  return reportFormats.find((each) => each === output) ?? endings[extname(file ?? '').toLowerCase()] ?? 'md'
}

/** All of its lines, oldest first. */
async function journalOf(client: Connection['client'], rollout: string, out: Output): Promise<readonly JournalLine[]> {
  const all: JournalLine[] = []
  for (;;) {
    const after = all.at(-1)?.seq ?? 0
    const { entries } = await client.journal({ stream: `rollout/${rollout}`, after, limit: page })
    all.push(...entries)
    out.working(`Reading the journal, ${plural(all.length, 'line')}`)
    if (entries.length < page || all.length >= mostEntries) return all
  }
}
