/** Policies and worlds for tests. */
import { parseServiceFile, parseWorldFile } from '@serin/spec'
import { policyOf, type Policy } from '../policy.ts'
import { worldOf, type World } from '../world.ts'

/** A service that releases v2 in this way, written as in the file. */
export function policy(strategy: string, more = 'unit: [{ cookie: id }]'): Policy {
  const text = `serin: v1
services:
  shop:
    listen: 8080
    ${more}
    workload: { kind: process, command: [node, server.js] }
    versions: { v1: {}, v2: {} }
    stable: v1
    strategy: ${strategy}
`
  const spec = parseServiceFile(text).services['shop']
  if (spec === undefined) throw new RangeError('there is one service')
  return policyOf('shop', spec, 'v2')
}

/** A world, written as in its file. */
export function world(text: string): World {
  return worldOf(parseWorldFile(`world: v1\n${text}`), 'test')
}

/** Two steps of two minutes. */
export const short = '{ kind: canary, deadline: 10m, steps: [{ weight: 10%, hold: 2m }, { weight: 50%, hold: 2m }] }'
