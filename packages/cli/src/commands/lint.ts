import { fileWarnings, parseServiceFile, SerinError, type FileIssue, type ServiceFile } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { fileOption, readReleaseFile } from '../release-file.ts'
import { plural } from '../view/figures.ts'
import type { Paper } from '../view/paper.ts'

export const lint = defineCommand({
  name: 'lint',
  group: 'Files',
  summary: 'Check a release file, without a control plane.',
  description:
    'Prints file:line:column, what was expected, and the nearest known name. Exit code 1 when anything is wrong; warnings leave it at 0.',
  options: { file: fileOption },
  examples: [
    { line: 'serin lint -f serin.yaml', does: 'Check a file' },
    { line: 'serin lint -f serin.yaml -o json', does: 'The same for a program' },
  ],
  async run({ options, world, out }) {
    const { text, name } = await readReleaseFile(options.file, world)
    const { issues, file } = readFile(text, name)
    const warnings = file === null ? [] : fileWarnings(file)
    out.result({ file: name, ok: issues.length === 0, issues, warnings }, (paper) =>
      issues.length === 0 ? [`${name} is fine.`] : issues.map((issue) => issueLine(issue, paper)),
    )
    for (const { path, message } of warnings) out.note(`warning: ${path}: ${message}`)
    if (issues.length === 0) return exitCodes.done
    out.note(`${name} has ${plural(issues.length, 'problem')}.`)
    return exitCodes.failed
  },
})

interface Read {
  readonly file: ServiceFile | null
  readonly issues: readonly FileIssue[]
}

function readFile(text: string, name: string): Read {
  try {
    return { file: parseServiceFile(text, name), issues: [] }
  } catch (error) {
    if (error instanceof SerinError && error.code === 'config.invalid')
      return { file: null, issues: error.details['issues'] as FileIssue[] }
    throw error
  }
}

function issueLine({ file, line, column, path, message, nearest }: FileIssue, paper: Paper): string {
  const near = nearest === undefined ? '' : ` Did you mean ${paper.ink('strong', nearest)}?`
  return `${paper.ink('strong', `${file}:${line}:${column}`)}: ${path === '' ? '' : `${path}: `}${message}${near}`
}
