import { parseArgs } from 'node:util'
import { startGateway } from './gateway.ts'

/** Exit code when the port to listen on is taken. */
const portInUse = 98
const usage = 'usage: node main.ts --service NAME --listen HOST:PORT --state DIR [--access-log FILE]'

function log(event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ at: Date.now(), event, ...fields })}\n`)
}

function listenOf(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  return host === undefined || !(port <= 65_535) ? null : { host, port }
}

const options = {
  service: { type: 'string' },
  listen: { type: 'string' },
  state: { type: 'string' },
  'access-log': { type: 'string' },
} as const
const { values } = parseArgs({ options })
const listen = listenOf(values.listen ?? '')
if (values.service === undefined || values.state === undefined || listen === null) {
  process.stderr.write(`${usage}\n`)
  process.exit(64)
}

// Before anybody can know the process: a signal during the start is obeyed as soon as there is something to drain.
const told = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
})

try {
  const gateway = await startGateway({
    service: values.service,
    ...listen,
    stateDirectory: values.state,
    ...(values['access-log'] === undefined ? {} : { accessLogFile: values['access-log'] }),
    log,
  })
  void told.then(() => gateway.drain())
  await gateway.left
  process.exit(0)
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    log('gateway.port-in-use', { listen: values.listen, message: `Something else listens on ${values.listen ?? ''}.` })
    process.exit(portInUse)
  }
  log('gateway.failed', { listen: values.listen, message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
