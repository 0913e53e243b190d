/** Runs a benchmark: `npm run -s bench -- NAME [--json] [--effort 0.25]`. */
import { parseArgs } from 'node:util'
import { benches } from './all.ts'

function usage(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, effort: { type: 'string', default: '1' } },
    })
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error))
  }
}

const { values, positionals } = read()
const known = benches.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')
const bench = benches.find(({ name }) => name === positionals[0])
if (bench === undefined || positionals.length !== 1) usage(`Say which benchmark:\n${known}`)
const effort = Number(values.effort)
if (!(effort > 0 && effort <= 1)) usage(`--effort expects a number above 0 and at most 1, got "${values.effort}".`)

const live = process.stderr.isTTY
const progress = (what: string, done: number): void => {
  if (live) process.stderr.write(`\r\u001B[K${(100 * done).toFixed(0).padStart(3)} %  ${what}`)
}
const { json, lines, broken } = await bench.run({ effort, progress })
if (live) process.stderr.write('\r\u001B[K')
console.log(values.json ? JSON.stringify(json) : lines.join('\n'))
for (const sentence of broken) console.error(`✘ ${sentence}`)
process.exitCode = broken.length === 0 ? 0 : 1
