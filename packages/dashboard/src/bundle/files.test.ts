import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isFresh } from './build.ts'
import { dashboardFiles } from './files.ts'

/** What a person waits for on a slow line. */
const mostBytes = 60_000

test('everything the first view loads is under 60 kB as it is sent, and is named by its page', async () => {
  const files = await dashboardFiles()
  const page = new TextDecoder().decode(files.get('index.html')?.body)
  const first = [...files].filter(([name]) => name === 'index.html' || page.includes(`/assets/${name}`))
  const scripts = first.filter(([name]) => name.endsWith('.js'))
  // What a script of the first view imports is in the first view.
  for (const [name, { body }] of scripts)
    for (const [, imported = ''] of new TextDecoder().decode(body).matchAll(/\bfrom"\.\/([\w.-]+)"/g))
      assert.ok(page.includes(`/assets/${imported}`), `${name} imports ${imported}`)
  assert.equal(first.length, scripts.length + 2)
  const sizes = first.map(([name, { gzip }]) => [name, gzip.byteLength] as const)
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0)
  assert.ok(bytes < mostBytes, `${bytes} bytes: ${sizes.join('; ')}`)
})

test('the bundle knows no schema library and no address of another site', async () => {
  const texts = [...(await dashboardFiles()).values()].map(({ body }) => new TextDecoder().decode(body))
  for (const text of texts) {
    assert.doesNotMatch(text, /ZodError|invalid_type/)
    const addresses = (text.match(/https?:\/\/[\w.-]+/g) ?? []).filter((each) => !each.startsWith('http://www.w3.org'))
    // Problems are named by an address, and the command line is shown one to copy; neither is ever asked.
    assert.deepEqual(
      addresses,
      addresses.filter((each) => /serin\.dev|127\.0\.0\.1/.test(each)),
    )
  }
})

test('a bundle is made anew when a source is younger', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'serin-bundle-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const places = { sources: join(root, 'src'), bundle: join(root, 'web') }
  mkdirSync(places.sources)
  mkdirSync(places.bundle)
  assert.equal(isFresh(places), false)
  writeFileSync(join(places.bundle, 'index.html'), '')
  const later = Date.now() / 1_000 + 60
  utimesSync(join(places.bundle, 'index.html'), later, later)
  writeFileSync(join(places.sources, 'a.tsx'), '')
  assert.equal(isFresh(places), true)
  utimesSync(join(places.sources, 'a.tsx'), later + 1, later + 1)
  assert.equal(isFresh(places), false)
})
