/**
 * A version under test: answers every request with its name, as cheaply as Node can. Arguments: port, name. `/health` says it is ready, `/seen` how many
 * requests it was asked, by method.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [port = '', name = 'v'] = process.argv.slice(2)
const slowMs = Number(process.env['SLOW_MS'] ?? 0)
const failRatio = Number(process.env['FAIL_RATIO'] ?? 0)
const crashAfterMs = Number(process.env['CRASH_AFTER_MS'] ?? 0)
const crashFile = process.env['CRASH_FILE'] ?? ''
const onlyFile = process.env['ONLY_FILE'] ?? ''
const seen: Record<string, number> = {}
/** Everything fails from when this file is there. */
const failFile = process.env['FAIL_WHEN'] ?? ''
let failsNow = false
if (failFile !== '') setInterval(() => (failsNow = existsSync(failFile)), 20)
let turn = 0

// Each life is shorter than the one before would need to become useful again.
if (crashAfterMs > 0) setTimeout(() => process.exit(7), crashAfterMs)

// After `/crash` no later life gets anywhere.
if (crashFile !== '' && existsSync(crashFile)) process.exit(7)
// The first copy of all listens; every other one is only there.
const isLate = onlyFile !== '' && existsSync(onlyFile)
if (onlyFile !== '' && !isLate) writeFileSync(onlyFile, '')

const server = createServer((request, response) => {
  request.resume()
  if (request.url === '/seen') {
    response.end(JSON.stringify(seen))
    return
  }
  if (request.url === '/crash' && crashFile !== '') {
    writeFileSync(crashFile, '')
    process.exit(7)
  }
  if (request.url !== '/health') seen[request.method ?? ''] = (seen[request.method ?? ''] ?? 0) + 1
  turn += 1
  const unlucky = failRatio > 0 && turn % Math.round(1 / failRatio) === 0
  const fails = request.url !== '/health' && (failsNow || unlucky)
  const answer = () => {
    response.writeHead(fails ? 500 : 200, { 'content-length': name.length, 'content-type': 'text/plain' })
    response.end(name)
  }
  if (slowMs > 0) setTimeout(answer, slowMs)
  else answer()
})
server.keepAliveTimeout = 60_000
if (isLate) setInterval(() => undefined, 60_000)
else server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
