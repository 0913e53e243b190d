/** A process that writes to a store until it is killed, and says so after each commit: `node writer.ts DIRECTORY [COMMITS [soon]]`. */
import { writeSync } from 'node:fs'
import { openSqliteStore } from '../driver.ts'

const [directory = '', commits = 'Infinity', when = 'now'] = process.argv.slice(2)
const store = openSqliteStore({ directory })
writeSync(1, 'open\n')

const known = store.get('state')
let n = typeof known === 'number' ? known : 0
const end = n + Number(commits)
while (n < end) {
  n += 1
  // Now and then a commit of many pages, so that the log wraps and checkpoints happen under the knife.
  const weight = n % 7 === 0 ? 60_000 : 100
  store.commit({
    at: n,
    soon: when === 'soon',
    documents: [
      { key: 'state', value: n },
      { key: `document/${n % 50}`, value: { n, ballast: 'x'.repeat(weight) } },
    ],
    journal: when === 'soon' ? [] : [{ stream: 'test', kind: 'test.counted', actor: 'serin', data: { n } }],
    evidence: [{ series: 'test', at: n, value: n }],
  })
  writeSync(1, `${n}\n`)
  if (n % 100 === 0) store.expire(n - 300)
}
store.close()
