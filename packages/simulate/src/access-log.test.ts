import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { readAccessLog } from './access-log.ts'
import { expectedRequests, withRecorded } from './world.ts'
import { worldNamed } from './worlds.ts'

const line = (time: string, status = 200, client = '10.0.0.1') =>
  `${client} - - [${time}] "GET /a?q=\\"x\\" HTTP/1.1" ${status} 12 "-" "agent [with] \\"quotes\\""`

test('minutes, failures and clients are counted; silence between them is silence', () => {
  const text = [
    line('01/Jan/2026:00:03:10 +0000', 503),
    line('01/Jan/2026:00:00:59 +0000'),
    // The same minute, written in another zone.
    line('01/Jan/2026:01:00:01 +0100', 404, '10.0.0.2'),
    'no log line',
    '',
  ].join('\n')
  assert.deepEqual(readAccessLog(text, 'a.log'), {
    perMinute: [2, 0, 0, 1],
    errorRatio: 1 / 3,
    requestsOfUsers: [2, 1],
    requests: 3,
    skipped: 1,
  })
})

test('what is no log is refused, with its name', () => {
  const refused = (text: string, words: RegExp) =>
    assert.throws(() => readAccessLog(text, 'a.log'), { code: 'usage.invalid', message: words })
  refused('', /^a\.log is no access log .* 0 of 0 lines/)
  refused('{"json": true}\n'.repeat(3), /0 of 3 lines/)
  refused([line('01/Jan/2026:00:00:00 +0000'), line('01/Jan/2027:00:00:00 +0000')].join('\n'), /more than 100 days/)
  refused(line('01/Jnu/2026:00:00:00 +0000'), /0 of 1 lines/)
})

test('a world takes traffic and users from a log, again and again, and canary stays as much worse', () => {
  const world = worldNamed('errors-doubled')
  assert.ok(world !== undefined)
  const log = { perMinute: [60, 0, 120], errorRatio: 0.01, requestsOfUsers: [3, 1], requests: 180, skipped: 0 }
  const recorded = withRecorded(world, log, 'recorded')
  assert.deepEqual([recorded.stable.errorRatio, recorded.canary.errorRatio], [0.01, 0.02])
  const expected = expectedRequests(recorded)
  assert.deepEqual(
    [expected(0, 60_000), expected(30_000, 90_000), expected(0, 180_000), expected(150_000, 210_000)],
    [60, 30, 180, 90],
  )
})

const real =
  process.env['SERIN_ACCESS_LOG'] ??
  join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data', 'apache-access.log.gz')

test('a real log of an Apache server', { skip: existsSync(real) ? false : `${real} is not there` }, () => {
  const log = readAccessLog(gunzipSync(readFileSync(real)).toString('utf8'), 'apache')
  assert.deepEqual([log.requests, log.skipped], [10_000, 0])
  assert.equal(
    log.perMinute.reduce((sum, count) => sum + count, 0),
    10_000,
  )
  assert.ok(log.errorRatio > 0 && log.errorRatio < 0.01, String(log.errorRatio))
  assert.equal(log.requestsOfUsers.length, 1_753)
})
