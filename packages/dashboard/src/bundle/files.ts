import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** One file of the dashboard as it is served. */
export interface DashboardFile {
  readonly type: string
  readonly body: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer>
}

const bundle = fileURLToPath(new URL('../../dist/web/', import.meta.url))
const sources = fileURLToPath(new URL('../', import.meta.url))
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
}

/** The files of the dashboard by name. In a checkout they are made anew when a source is younger; in a release they are as they were published. Throws what the compiler says. */
export async function dashboardFiles(): Promise<ReadonlyMap<string, DashboardFile>> {
  const { build, isFresh } = await import('./build.ts')
  if (!isFresh({ sources, bundle })) await build({ sources, bundle })
  return new Map(readdirSync(bundle).map((name) => [name, fileOf(name)]))
}

function fileOf(name: string): DashboardFile {
  const body = new Uint8Array(readFileSync(join(bundle, name)))
  const type = types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
  return { type, body, gzip: new Uint8Array(gzipSync(body, { level: 9 })) }
}
