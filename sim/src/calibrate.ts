/** Prints how the whole analysis keeps its promises, with the error of the measurement: `npm run -s calibrate -- [--times 10] [--json]`. */
import { parseArgs } from 'node:util'
import { calibrations, countOf, keepsPromise, promisedRate } from '@serin/core/testing'

const { values } = parseArgs({
  options: { times: { type: 'string', default: '10' }, json: { type: 'boolean', default: false } },
})
const times = Number(values.times)
if (!(Number.isSafeInteger(times) && times > 0)) {
  console.error(`--times expects a whole number of at least 1, got "${values.times}".`)
  process.exit(2)
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`
const live = process.stderr.isTTY
const titles = {
  harmless: ['rolled back', 'at most'],
  'at-the-margin': ['called safe', 'at most'],
  harmful: ['found in time', 'about at least'],
} as const
let broken = 0
for (const calibration of calibrations) {
  const { name, promise } = calibration
  const runs = calibration.runs * times
  const count = countOf(calibration, runs, (run) => {
    if (live) process.stderr.write(`\r\u001B[K${run}/${runs}  ${name}`)
  })
  if (live) process.stderr.write('\r\u001B[K')
  const [rate, promised] = [count / runs, promisedRate(calibration)]
  const error = Math.sqrt((rate * (1 - rate)) / runs)
  const kept = keepsPromise(calibration, count, runs)
  if (!kept) broken += 1
  const [what, bound] = titles[promise.kind]
  console.log(
    values.json
      ? JSON.stringify({ name, kind: promise.kind, count, runs, rate, error, promised, kept })
      : `${kept ? '✔' : '✘'} ${name.padEnd(70)} ${what} ${count} of ${runs}: ${percent(rate)} ± ${percent(error)}, promised ${bound} ${percent(promised)}`,
  )
}
process.exitCode = broken === 0 ? 0 : 1
