import { createHash } from 'node:crypto'

/** A file of resources as Envoy reads it, and the version it will report when it has taken it. */
export interface Discovery {
  readonly text: string
  readonly version: string
}

/** Resources as a file. The version is made of their content: what says the same is the same. Pure. */
export function discovery(resources: readonly object[]): Discovery {
  const version = createHash('sha256').update(JSON.stringify(resources)).digest('hex').slice(0, 16)
  return { text: `${JSON.stringify({ version_info: version, resources }, null, 2)}\n`, version }
}
