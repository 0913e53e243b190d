/** Runs every `*.test.ts` under the given folders with Node's own runner, and says loudly which tests were skipped and why, and which files took longest. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const folders = process.argv.slice(2)
const files = folders.flatMap((folder) =>
  globSync(`${folder}/**/*.test.ts`, { exclude: (path) => /(^|\/)(node_modules|dist)(\/|$)/.test(path) }),
)
if (files.length === 0) {
  console.error(`No test found under ${folders.join(', ') || '(no folder given)'}.`)
  process.exit(1)
}
/** Hundreds of processes read the same modules: compiled once, they start in half the time. */
const compiled = resolve(import.meta.dirname, '../../node_modules/.cache/serin')
const concurrency = process.env['SERIN_TEST_CONCURRENCY'] ?? '2'
const run = spawnSync(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    `--test-reporter=${fileURLToPath(new URL('loud-skips.ts', import.meta.url))}`,
    '--test-reporter-destination=stdout',
    ...files.sort(),
  ],
  { stdio: 'inherit', env: { NODE_COMPILE_CACHE: compiled, ...process.env } },
)
process.exit(run.status ?? 1)
