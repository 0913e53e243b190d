import { SerinError } from '@serin/spec'
import type { Service } from '@serin/spec'
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { programOf } from '../proxy/daemon.ts'
import { complaintIn } from './nginx-master.ts'

type Own = NonNullable<Service['nginx']>

const withinMs = 30_000

/** Asks the nginx whether it takes its configuration, and whether `text` is a part of it; null: whether it does without. Rejects with `gateway.failed`, nginx's own words, and what to do. */
export async function checkOwn(
  service: string,
  { check }: Own,
  { file, text }: { readonly file: string; readonly text: string | null },
): Promise<void> {
  const { code, said, printed } = await run(service, check)
  if (code !== 0)
    throw new SerinError(
      'gateway.failed',
      text === null
        ? `nginx refuses its configuration without the lines of ${service}, so they stay: let nothing pass to serin-${service} any more. It says: ${complaintIn(said)}`
        : `nginx refuses its configuration with the lines of ${service}, so what was there is put back. It says: ${complaintIn(said)}`,
    )
  if (text === null || printed.includes(text)) return
  throw new SerinError(
    'gateway.failed',
    printed.includes('# configuration file ')
      ? `nginx does not read ${file}. Add this line to the http block of its configuration: include ${dirname(file)}/*.conf;`
      : `"${check.join(' ')}" has to print the configuration, as "nginx -T" does: "nginx.check" of ${service} does not.`,
  )
}

/** Tells the nginx to read its configuration anew; returns before it has. */
export async function reloadOwn(service: string, { reload }: Own): Promise<void> {
  const { code, said } = await run(service, reload)
  if (code !== 0)
    throw new SerinError(
      'gateway.failed',
      `The nginx of ${service} was not reloaded by "${reload.join(' ')}"; what was there is put back. It says: ${complaintIn(said)}`,
    )
}

interface Ran {
  readonly code: number | null
  readonly said: string
  readonly printed: string
}

async function run(service: string, [program, ...args]: readonly string[]): Promise<Ran> {
  // nginx takes over listening sockets that this variable names.
  const env = { ...process.env, NGINX: undefined }
  const command = programOf('nginx', service, program)
  const child = spawn(command, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'], timeout: withinMs })
  let [said, printed] = ['', '']
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', (cause) =>
      reject(new SerinError('gateway.failed', `"${command}" could not be run for ${service}.`, { cause })),
    )
  })
  return { code, said: code === null ? `nothing within ${withinMs / 1_000} s` : said.trim(), printed }
}
