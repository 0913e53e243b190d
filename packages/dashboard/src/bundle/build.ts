/** Makes the bundle of the dashboard: `node packages/dashboard/src/bundle/build.ts`. The control plane does so by itself when a source is younger. */
import { existsSync, globSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the sources are, and where the bundle goes. */
export interface Places {
  readonly sources: string
  readonly bundle: string
}

/** Whether a bundle is there that is younger than every source; without sources, as in a release, it always is. */
export function isFresh({ sources, bundle }: Places): boolean {
  const page = join(bundle, 'index.html')
  if (!existsSync(page)) return false
  const made = statSync(page).mtimeMs
  const own = globSync('**/*.{ts,tsx,css}', { cwd: sources }).map((path) => join(sources, path))
  const others = ['@serin/sdk', '@serin/spec'].flatMap((name) => {
    const folder = dirname(fileURLToPath(import.meta.resolve(name)))
    return existsSync(folder) ? globSync('**/*.ts', { cwd: folder }).map((path) => join(folder, path)) : []
  })
  return [...own, ...others].every((path) => statSync(path).mtimeMs < made)
}

/** Bundles the page, its script, its style and what is loaded when it is asked for; whole or not at all. Returns the names of the files. Throws what the compiler says. */
export async function build({ sources, bundle }: Places): Promise<readonly string[]> {
  const { build: compile } = await import('esbuild')
  const entry = fileURLToPath(new URL('../main.tsx', import.meta.url))
  const { outputFiles } = await compile({
    entryPoints: { app: entry, style: join(sources, 'theme/style.css') },
    outdir: bundle,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    // What few people open comes when they do.
    splitting: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
  })
  const files = outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }))
  const page = pageWith(files.map(({ name }) => name))
  const fresh = `${bundle.replace(/\/$/, '')}.${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  for (const { name, contents } of files) writeFileSync(join(fresh, name), contents)
  writeFileSync(join(fresh, 'index.html'), page)
  rmSync(bundle, { recursive: true, force: true })
  renameSync(fresh, bundle)
  return [...files.map(({ name }) => name), 'index.html']
}

function pageWith(names: readonly string[]): string {
  const named = (begin: string) => names.find((name) => name.startsWith(begin)) ?? ''
  // What every view needs is asked for at once, not when the script has been read.
  const shared = names.filter((name) => name.startsWith('chunk-'))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Serin</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/${named('style-')}">
${shared.map((name) => `<link rel="modulepreload" href="/assets/${name}">\n`).join('')}<script type="module" src="/assets/${named('app-')}"></script>
<body><div id="app"></div><noscript>The dashboard needs JavaScript. On the command line: serin status</noscript></body>
</html>
`
}

if (import.meta.main) {
  const places = {
    sources: fileURLToPath(new URL('../', import.meta.url)),
    bundle: fileURLToPath(new URL('../../dist/web/', import.meta.url)),
  }
  for (const name of await build(places)) console.log(name)
}
