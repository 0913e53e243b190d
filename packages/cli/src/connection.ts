import { createClient, type Client } from '@serin/sdk'
import { SerinError } from '@serin/spec'
import { dataDirectoryOf, tokenOf, whereOf } from './data-directory.ts'
import type { GlobalValues } from './command.ts'
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
}

/** Finds the control plane: `--data`, else SERIN_URL with SERIN_TOKEN, else SERIN_DATA or the nearest `.serin`. Throws `control-plane.unreachable` or `auth.missing`. */
export function connect(asked: Asked): Connection {
  const { url, token } = find(asked)
  return {
    client: createClient({ url, token }),
    url,
    again() {
      try {
        return connect(asked)
      } catch {
        return this
      }
    },
  }
}

function find({ world, globals }: Asked): { readonly url: string; readonly token: string } {
  const remote = world.env['SERIN_URL'] ?? ''
  if (globals.data === undefined && remote !== '') return { url: remoteUrl(remote), token: remoteToken(world, remote) }
  const dataDirectory = dataDirectoryOf(world, globals.data)
  const where = whereOf(dataDirectory)
  if (where === null) {
    throw new SerinError('control-plane.unreachable', `No control plane runs for ${dataDirectory}.`)
  }
  const token = tokenOf(dataDirectory)
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

function remoteToken(world: World, url: string): string {
  const token = world.env['SERIN_TOKEN'] ?? ''
  if (token !== '') return token
  throw new SerinError('auth.missing', `SERIN_URL is set (${url}), but SERIN_TOKEN is not.`)
}
