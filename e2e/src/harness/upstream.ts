/** A version under test: answers every request with its name, as cheaply as Node can. Arguments: port, name. `/health` says it is ready. */
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'

const [port = '', name = 'v'] = process.argv.slice(2)
const slowMs = Number(process.env['SLOW_MS'] ?? 0)
const failRatio = Number(process.env['FAIL_RATIO'] ?? 0)
const crashAfterMs = Number(process.env['CRASH_AFTER_MS'] ?? 0)
/** Everything fails from when this file is there. */
const failFile = process.env['FAIL_WHEN'] ?? ''
let failsNow = false
if (failFile !== '') setInterval(() => (failsNow = existsSync(failFile)), 20)
let turn = 0

// Each life is shorter than the one before would need to become useful again.
if (crashAfterMs > 0) setTimeout(() => process.exit(7), crashAfterMs)

const server = createServer((request, response) => {
  request.resume()
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
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
