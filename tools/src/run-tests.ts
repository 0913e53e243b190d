/**
 * Runs every `*.test.ts` under the given folders with Node's own runner, in the order of the folders, and says loudly which tests were skipped and why,
 * and which files took longest.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { run } from 'node:test'
import { dot } from 'node:test/reporters'
import { pathToFileURL } from 'node:url'
import loudSkips from './loud-skips.ts'
import { together } from './together.ts'

const folders = process.argv.slice(2)
const found = folders.flatMap((folder) =>
  globSync(`${folder}/**/*.test.ts`, { exclude: (path) => /(^|\/)(node_modules|dist)(\/|$)/.test(path) }).sort(),
)
if (found.length === 0) {
  console.error(`No test found under ${folders.join(', ') || '(no folder given)'}.`)
  process.exit(1)
}
const cache = resolve(import.meta.dirname, '../../node_modules/.cache/serin')
/** Hundreds of processes read the same modules: compiled once, they start in half the time. */
process.env['NODE_COMPILE_CACHE'] ??= cache

/** One file that reads all of them, so that they are one process. */
function joined(files: readonly string[]): string {
  const room = (files[0] ?? '').split('/src/')[0]?.replace('/', '-') ?? ''
  const path = join(cache, 'together', `${room}.mjs`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, files.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)).href)}\n`).join(''))
  return path
}

const tests = run({
  files: together(found, (file) => readFileSync(file, 'utf8')).map((files) =>
    files.length === 1 ? resolve(...files) : joined(files),
  ),
  concurrency: Number(process.env['SERIN_TEST_CONCURRENCY'] ?? 3),
})
tests.on('test:fail', () => (process.exitCode = 1))
tests.compose(dot).pipe(process.stdout)
tests.compose(loudSkips).pipe(process.stdout)
