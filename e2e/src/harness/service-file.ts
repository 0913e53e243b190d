import { fileURLToPath } from 'node:url'

const upstream = fileURLToPath(new URL('upstream.ts', import.meta.url))

/** What a test wants to be different from a small service of two replicas per version that answers with its name. */
export interface ServiceFileOptions {
  /** Lines of YAML under `strategy`. */
  readonly strategy: string
  /** Versions by name, with the lines of YAML under each. */
  readonly versions?: Readonly<Record<string, string>>
  readonly listen?: number
  readonly replicas?: number
  readonly readyWithin?: string
  /** The program of the versions, instead of the one that answers with its name. */
  readonly program?: string
  /** More lines of the workload, three levels deep. */
  readonly workload?: string
  readonly analysis?: string
  /** More lines of the service, two levels deep. */
  readonly more?: string
}

/** The release file of a service `web` whose versions are real processes. */
export function serviceFile(options: ServiceFileOptions): string {
  return servicesFile({ web: options })
}

/** The release file of several such services, by name. */
export function servicesFile(services: Readonly<Record<string, ServiceFileOptions>>): string {
  return `serin: v1
services:
${Object.entries(services)
  .map(([name, options]) => serviceLines(name, options))
  .join('')}`
}

function serviceLines(
  service: string,
  {
    strategy,
    versions = { v1: '{}', v2: '{}' },
    listen = 0,
    replicas = 2,
    readyWithin = '20s',
    program = upstream,
    workload = '',
    analysis = '{ warmUp: 1s }',
    more = '',
  }: ServiceFileOptions,
): string {
  const command = JSON.stringify([process.execPath, program, '{port}', '{version}'])
  return `  ${service}:
    listen: ${listen}
    unit: [{ header: x-user }]
    workload:
      kind: process
      replicas: ${replicas}
      command: ${command}
      ready: { path: /health, within: ${readyWithin} }
      live: { path: /health }
${workload}    versions:
${Object.entries(versions)
  .map(([name, lines]) => `      ${name}: ${lines}`)
  .join('\n')}
    stable: v1
    strategy: ${strategy}
    analysis: ${analysis}
${more}`
}
