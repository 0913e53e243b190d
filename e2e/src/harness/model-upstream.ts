/** A version under test that streams as OpenAI-style servers do: FIRST_MS to its first token, GAP_MS to each next. Arguments: port, name. `/health` says it is ready. */
import { createServer } from 'node:http'

const [port = '', name = 'v'] = process.argv.slice(2)
const firstMs = Number(process.env['FIRST_MS'] ?? 10)
const gapMs = Number(process.env['GAP_MS'] ?? 5)
const words = ['The', ' canary', ' sings', ' as', ' well', ' as', ' before', '.']

const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
const pieces = words.map((content) => event({ model: name, choices: [{ index: 0, delta: { content } }] }))
const usage = { prompt_tokens: 5, completion_tokens: words.length, total_tokens: 5 + words.length }
const end = `${event({ model: name, choices: [], usage })}data: [DONE]\n\n`
const length = [...pieces, end].reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)

const server = createServer((request, response) => {
  request.resume()
  if (request.url === '/health') {
    response.end(name)
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': length })
  response.flushHeaders()
  let next = 0
  const say = (): void => {
    response.write(pieces[next] ?? '')
    next += 1
    if (next < pieces.length) setTimeout(say, gapMs)
    else response.end(end)
  }
  setTimeout(say, firstMs)
})
server.keepAliveTimeout = 60_000
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
