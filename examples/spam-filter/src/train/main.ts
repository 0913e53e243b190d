/** Trains all versions, writes them to `models/spam/`, and prints what they are worth on messages they have not seen. */
import { createHash } from 'node:crypto'
import { readMessages } from '../messages/messages.ts'
import { evaluate, lengthBands, type Evaluation } from './evaluate.ts'
import { writeVersion } from './folder.ts'
import { trainVersions } from './versions.ts'

const { training, heldOut } = readMessages()
const count = (messages: readonly unknown[]) => messages.length.toLocaleString('en')
console.log(`Training on ${count(training)} messages; ${count(heldOut)} are held out.\n`)

const columns = [8, 10, 12, 12, ...lengthBands.map(() => 16)]
const print = (cells: readonly string[]) => console.log(cells.map((cell, i) => cell.padStart(columns[i] ?? 0)).join(''))
print([
  'version',
  'accuracy',
  'good lost',
  'spam missed',
  ...lengthBands.map(([from, below]) => `${from}–${below - 1} chars`),
])

const versions = trainVersions(training)
for (const version of versions) writeVersion(version)
for (const { name, model } of versions) print([name, ...cellsOf(await evaluate(model, heldOut))])

console.log(
  '\nTimes: p50 / p95 over messages of one inference in ms, the best of five, in this process, on one thread.\n',
)
for (const { name, model } of versions) {
  const sha256 = createHash('sha256').update(model).digest('hex')
  console.log(`${name.padEnd(4)} ${model.length.toLocaleString('en').padStart(8)} bytes  sha256 ${sha256}`)
}

function cellsOf({ accuracy, falsePositive, falseNegative, timings }: Evaluation): readonly string[] {
  return [
    ...[accuracy, falsePositive, falseNegative].map((percent) => `${percent.toFixed(2)} %`),
    ...timings.map(({ p50Ms, p95Ms }) => `${p50Ms.toFixed(2)} / ${p95Ms.toFixed(2)}`),
  ]
}
