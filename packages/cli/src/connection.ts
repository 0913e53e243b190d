import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createClient, type Client } from '@serin/sdk'
import { SerinError } from '@serin/spec'
import { dataDirectoryOf, tokenOf, whereOf } from './data-directory.ts'
import type { GlobalValues } from './command.ts'
import type { Output } from './output.ts'
import type { World } from './world.ts'

/** A way to a control plane. */
export interface Connection {
  readonly client: Client
  readonly url: string
  /** The same control plane where it answers now: after a restart it may have another port. */
  again(): Connection
}

interface Asked {
  readonly world: World
  readonly globals: Pick<GlobalValues, 'data'>
  /** Where to say that its answer is waited for. */
  readonly out?: Pick<Output, 'working'>
}

/**
 * Finds the control plane: `--data`, else SERIN_URL, else SERIN_DATA or the nearest `.serin`. The token is that of SERIN_TOKEN or SERIN_TOKEN_FILE, else the data
 * directory's. Throws `control-plane.unreachable` or `auth.missing`.
 */
export function connect(asked: Asked): Connection {
  const { url, token } = find(asked)
  asked.out?.working(`Waiting for ${url}`)
  return {
    client: createClient({ url, token }),
    url,
    again() {
      try {
        return connect({ world: asked.world, globals: asked.globals })
      } catch {
        return this
      }
    },
  }
}

function find({ world, globals }: Asked): { readonly url: string; readonly token: string } {
  const remote = world.env['SERIN_URL'] ?? ''
  // A token in the environment belongs to the address beside it, and goes nowhere else.
  const own = globals.data === undefined || remote === '' ? ownToken(world) : null
  if (globals.data === undefined && remote !== '') {
    if (own !== null) return { url: remoteUrl(remote), token: own }
    throw new SerinError(
      'auth.missing',
      `SERIN_URL is set (${remote}), but SERIN_TOKEN is not. Whoever runs it has one for you: serin token create.`,
    )
  }
  const dataDirectory = dataDirectoryOf(world, globals.data)
  const where = whereOf(dataDirectory)
  if (where === null) {
    throw new SerinError('control-plane.unreachable', `No control plane runs for ${dataDirectory}.`)
  }
  const token = own ?? tokenOf(dataDirectory)
  if (token === null) throw new SerinError('auth.missing', `There is no token file in ${dataDirectory}.`)
  return { url: where.url, token }
}

function remoteUrl(text: string): string {
  try {
    const { origin, protocol } = new URL(text)
    if (protocol === 'http:' || protocol === 'https:') return origin
  } catch {
    // Said below.
  }
  throw new SerinError('usage.invalid', `SERIN_URL is "${text}"; expected an address such as http://127.0.0.1:4560.`)
}

/** The token a person brought along, or null. */
function ownToken({ env, cwd }: World): string | null {
  const [token = '', name = ''] = [env['SERIN_TOKEN'], env['SERIN_TOKEN_FILE']]
  if (token !== '' && name !== '')
    throw new SerinError('usage.invalid', 'SERIN_TOKEN and SERIN_TOKEN_FILE are both set; keep the one you mean.')
  if (name === '') return token === '' ? null : token
  const file = resolve(cwd, name)
  let kept: string
  try {
    kept = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new SerinError('auth.missing', `SERIN_TOKEN_FILE names ${file}, which cannot be read.`, { cause: error })
  }
  if (kept === '') throw new SerinError('auth.missing', `SERIN_TOKEN_FILE names ${file}, which is empty.`)
  return kept
}
