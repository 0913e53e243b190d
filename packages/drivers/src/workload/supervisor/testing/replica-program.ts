/** What replicas run in tests: a web server that does, by its environment, what programs do to those who run them. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'

const {
  PORT,
  SERIN_VERSION,
  EXIT_CODE,
  STATUS = '200',
  READY_AFTER_MS = '0',
  IGNORE_TERM,
  CHILD,
  CHATTER_BYTES = '0',
  HOLD_BYTES = '0',
  STOP_AFTER_MS = '0',
} = process.env

console.log(`listening soon as ${SERIN_VERSION}`)

if (EXIT_CODE !== undefined) {
  console.error('\u001B[31mError: the database is not there\u001B[0m')
  process.exit(Number(EXIT_CODE))
}
if (IGNORE_TERM !== undefined) process.on('SIGTERM', () => console.log('no'))
else process.on('SIGTERM', () => setTimeout(() => process.exit(0), Number(STOP_AFTER_MS)))

// `group` stays in the replica's group, `daemon` leaves it.
if (CHILD !== undefined) {
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    detached: CHILD === 'daemon',
    stdio: 'ignore',
  }).unref()
}

const held = Buffer.alloc(Number(HOLD_BYTES), 1)

const line = `${'x'.repeat(1_023)}\n`
for (let written = 0; written < Number(CHATTER_BYTES); written += line.length) process.stdout.write(line)

const facts = JSON.stringify({
  version: SERIN_VERSION,
  pid: process.pid,
  port: PORT,
  args: process.argv.slice(2),
  cwd: process.cwd(),
  serin: Object.keys(process.env).filter((name) => name.startsWith('SERIN_')),
  mark: process.env['MARK'] ?? null,
})
const server = createServer((request, response) => {
  response.setHeader('x-held', held.length)
  if (request.url === '/chat') for (let i = 0; i < 1_024; i += 1) process.stdout.write(line)
  response.statusCode = request.url === '/facts' ? 200 : Number(STATUS)
  response.end(facts)
})
server.on('error', (error) => {
  console.error(error.message)
  process.exit(98)
})
setTimeout(() => server.listen(Number(PORT), '127.0.0.1'), Number(READY_AFTER_MS))
