import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type Client } from '@serin/sdk'
import { parseServiceFile, type ServiceStatus } from '@serin/spec'
import type { RunningServer } from '@serin/server'
import { defineCommand, exitCodes, type Call } from '../command.ts'
import { dataDirectoryOf, tokenFileOf } from '../data-directory.ts'
import { fileOption, readReleaseFile, type ReleaseFile } from '../release-file.ts'
import { UpLog } from '../up-log.ts'
import type { Paper } from '../view/paper.ts'
import { cleanText } from '../view/text.ts'
import { wholeNumber } from '../whole-number.ts'

const addressWithinMs = 5_000

export const up = defineCommand({
  name: 'up',
  group: 'Run',
  summary: 'Run a control plane here and apply serin.yaml.',
  description:
    'Ctrl-C stops everything in order: open requests are finished first; a second Ctrl-C ends them at once. With --keep, gateways and replicas go on without a control plane, and the next "serin up" adopts them.',
  options: {
    file: {
      short: 'f',
      value: 'file',
      description: 'The release file (default: serin.yaml, if there is one).',
      completes: 'files',
    },
    port: { value: 'port', description: 'Port of the API; 0 takes a free one.', default: '4560' },
    host: {
      value: 'address',
      description: 'Address of the API. Beyond loopback only when you say so.',
      default: '127.0.0.1',
    },
    keep: { description: 'Leave gateways and replicas running at the end.' },
    'access-log': { description: 'Gateways write a line per request to DATA/services/NAME/gateway/access.log.' },
  },
  examples: [
    { line: 'serin up', does: 'Start with the serin.yaml of this directory' },
    {
      line: 'serin up -f shop.yaml --data /var/lib/serin --keep',
      does: 'As a service: a restart does not touch the traffic',
    },
  ],
  async run(call) {
    const { options, globals, world, out } = call
    const port = wholeNumber(options.port, { name: '--port', from: 0, to: 65_535 })
    const file = await fileOf(call)
    const dataDirectory = dataDirectoryOf(world, globals.data)
    const stopping = new Interrupts(call)
    try {
      out.working('Starting the control plane')
      const { startServer, mayStillRun } = await import('@serin/server')
      const adopts = mayStillRun(dataDirectory)
      const log = (line: string) => void world.stderr.write(`${line}\n`)
      const server = await startServer({
        dataDirectory,
        host: options.host,
        port,
        log,
        accessLogs: options['access-log'],
      })
      const client = createClient(server)
      if (file !== null) out.working(`Applying ${file.name}`)
      let changes: readonly string[]
      try {
        changes = file === null ? [] : await applied(client, file)
      } catch (error) {
        // What ran before this start is not stopped because a file is wrong.
        await server.stop({ keep: options.keep || adopts })
        throw error
      }
      out.working('Waiting until the gateways listen')
      const services = await addressed(client)
      const where = { url: server.url, dataDirectory, tokenFile: tokenFileOf(dataDirectory) }
      // A link in a file that logs are kept in would be one for whoever reads them.
      const login = world.stdout.isTTY === true ? `${server.url}${(await client.createLoginLink({})).path}` : null
      out.record({ ...where, services: services.map(({ name, address }) => ({ name, address })) }, (paper) =>
        upLines({ ...where, login, services, changes, keep: options.keep }, paper),
      )
      await runUntilInterrupted(client, stopping.first, call)
      await stopAll(server, stopping, call)
      return exitCodes.done
    } finally {
      stopping.dispose()
    }
  },
})

type UpCall = Pick<
  Call<unknown, { readonly file: string | undefined; readonly keep: boolean }>,
  'options' | 'world' | 'out'
>

/** The file, checked before anything starts; null when none was named and there is no serin.yaml. */
async function fileOf({ options, world }: UpCall): Promise<ReleaseFile | null> {
  if (options.file === undefined && !existsSync(resolve(world.cwd, fileOption.default))) return null
  const file = await readReleaseFile(options.file ?? fileOption.default, world)
  parseServiceFile(file.text, file.name)
  return file
}

/** Applies the file; what it changed, as sentences. */
async function applied(client: Client, file: ReleaseFile): Promise<readonly string[]> {
  const { changes } = await client.applyFile(file)
  return changes
    .filter(({ change }) => change !== 'unchanged')
    .map(({ service, change, details }) => `${service} ${change}${details.length > 0 ? `: ${details.join('; ')}` : ''}`)
}

/** The services, once their gateways have told where they listen, which takes a moment. */
async function addressed(client: Client): Promise<readonly ServiceStatus[]> {
  const deadline = Date.now() + addressWithinMs
  for (;;) {
    const { services } = await client.listServices({})
    if (services.every(({ address }) => address !== null) || Date.now() > deadline) return services
    await sleep(100)
  }
}

/** The first Ctrl-C asks for the end, the second for haste. */
class Interrupts {
  readonly #first = new AbortController()
  readonly #second = new AbortController()
  readonly dispose: () => void

  constructor({ world, out }: UpCall) {
    this.dispose = world.onInterrupt(() => {
      if (!this.#first.signal.aborted) return this.#first.abort(new Error('interrupted'))
      if (!this.#second.signal.aborted) out.note('Ending at once.')
      this.#second.abort(new Error('interrupted again'))
    })
  }
  get first(): AbortSignal {
    return this.#first.signal
  }
  get second(): AbortSignal {
    return this.#second.signal
  }
}

async function runUntilInterrupted(client: Client, signal: AbortSignal, { out }: UpCall): Promise<void> {
  const log = new UpLog(out)
  for await (const event of client.events({ signal })) log.add(event)
}

async function stopAll(server: RunningServer, stopping: Interrupts, { options, out }: UpCall): Promise<void> {
  out.note('', options.keep ? 'Stopping the control plane…' : 'Stopping; Ctrl-C again ends open requests at once…')
  await server.stop({ keep: options.keep, hurry: stopping.second, told: (sentence) => out.note(`  ${sentence}`) })
  out.note(
    options.keep
      ? 'Stopped. Gateways and replicas go on; "serin up" takes them over again.'
      : 'Stopped. Nothing is left running.',
  )
}

interface UpFacts {
  readonly url: string
  readonly dataDirectory: string
  readonly tokenFile: string
  readonly login: string | null
  readonly services: readonly ServiceStatus[]
  readonly changes: readonly string[]
  readonly keep: boolean
}

function upLines(facts: UpFacts, paper: Paper): readonly string[] {
  const { url, dataDirectory, tokenFile, login, services, changes, keep } = facts
  const label = (text: string) => paper.ink('quiet', text.padEnd(8))
  return [
    `${paper.ink('safe', '●')} ${paper.ink('strong', 'Serin is up.')}`,
    `  ${label('open')}${login ?? 'serin dashboard'} ${paper.ink('quiet', login === null ? 'prints a link for a browser' : '(good once; later: serin dashboard)')}`,
    `  ${label('API')}${url}`,
    `  ${label('data')}${dataDirectory}`,
    `  ${label('token')}${tokenFile}`,
    ...services.map(({ name, address }) =>
      `  ${label('service')}${paper.ink('strong', name)} ${address ?? ''}`.trimEnd(),
    ),
    ...(services.length === 0 ? [`  ${label('service')}none yet: serin apply -f serin.yaml`] : []),
    ...changes.map((change) => `  ${label('applied')}${cleanText(change)}`),
    paper.ink(
      'quiet',
      keep ? '  Ctrl-C stops the control plane; gateways and replicas go on.' : '  Ctrl-C stops everything.',
    ),
    '',
  ]
}
