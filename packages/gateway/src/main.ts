import { parseArgs } from 'node:util'
import { startGateway } from './gateway.ts'

/** Exit codes when the port to listen on, or that of the preview, is taken. */
const portInUse = 98
const previewPortInUse = 97
const usage =
  'usage: node main.ts --service NAME --listen HOST:PORT --state DIR [--preview HOST:PORT] [--access-log FILE]'

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
  preview: { type: 'string' },
  'access-log': { type: 'string' },
} as const
const { values } = parseArgs({ options })
const listen = listenOf(values.listen ?? '')
const preview = values.preview === undefined ? undefined : listenOf(values.preview)
if (values.service === undefined || values.state === undefined || listen === null || preview === null) {
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
    ...(preview === undefined ? {} : { preview }),
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
    const previews = error instanceof Error && 'listener' in error
    const taken = previews ? values.preview : values.listen
    log('gateway.port-in-use', { listen: taken, message: `Something else listens on ${taken ?? ''}.` })
    process.exit(previews ? previewPortInUse : portInUse)
  }
  log('gateway.failed', { listen: values.listen, message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
