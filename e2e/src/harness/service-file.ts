import { fileURLToPath } from 'node:url'

const upstream = fileURLToPath(new URL('upstream.ts', import.meta.url))

/** What a test wants to be different from a small service of two replicas per version that answers with its name. */
export interface ServiceFileOptions {
  /** Lines of YAML under `strategy`. */
  readonly strategy: string
  /** Versions by name, with the lines of YAML under each. */
  readonly versions?: Readonly<Record<string, string>>
  readonly listen?: number
  /** More lines of the service, two levels deep. */
  readonly more?: string
}

/** The release file of a service `web` whose versions are real processes. */
export function serviceFile({
  strategy,
  versions = { v1: '{}', v2: '{}' },
  listen = 0,
  more = '',
}: ServiceFileOptions): string {
  const command = JSON.stringify([process.execPath, upstream, '{port}', '{version}'])
  return `serin: v1
services:
  web:
    listen: ${listen}
    unit: [{ header: x-user }]
    workload:
      kind: process
      replicas: 2
      command: ${command}
      ready: { path: /health, within: 20s }
      live: { path: /health }
    versions:
${Object.entries(versions)
  .map(([name, lines]) => `      ${name}: ${lines}`)
  .join('\n')}
    stable: v1
    strategy: ${strategy}
    analysis: { warmUp: 1s }
${more}`
}
