/** Code in pages is code: TypeScript is checked by the compiler, JavaScript by Node. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readMarkdown } from '../read/markdown.ts'
import { readRepository, rootDirectory } from '../repository.ts'
import { pagesOf } from './markdown.ts'

const repository = readRepository()
const tsc = join(rootDirectory, 'node_modules', 'typescript', 'bin', 'tsc')
const options = {
  target: 'ES2024',
  lib: ['ES2024'],
  module: 'NodeNext',
  moduleDetection: 'force',
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  types: ['node'],
  typeRoots: [join(rootDirectory, 'node_modules', '@types')],
}

let directory = ''

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'serin-doc-code-'))
  symlinkSync(join(rootDirectory, 'node_modules'), join(directory, 'node_modules'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n')
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }))
})

after(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** Writes the blocks of a language to files named after their page and line. */
function writeBlocks(language: string, pages: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(pages).flatMap(([path, text]) =>
    readMarkdown(text)
      .blocks.filter((block) => block.language === language)
      .map(({ text: code, line }) => {
        const name = `${path.replaceAll(/\W/g, '-')}-line-${line}.${language === 'ts' ? 'ts' : 'mjs'}`
        writeFileSync(join(directory, name), `${code}\n`)
        return name
      }),
  )
}

function compile(): string {
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', directory, '--pretty', 'false'], { encoding: 'utf8' })
  return stdout
}

const pages = Object.fromEntries(pagesOf(repository).map((path) => [path, repository.text(path)]))

test('TypeScript in pages compiles, and a block that does not would be found', () => {
  const names = writeBlocks('ts', pages)
  assert.ok(names.length > 0, 'there is at least one such block')
  const bad = '# A\n\n```ts\nimport { createClient } from "@serin/sdk"\ncreateClient({ url: 1 })\n```\n'
  writeBlocks('ts', { 'bad.md': bad })
  const [found = '', ...more] = compile().trim().split('\n')
  assert.match(found, /bad-md-line-3\.ts\(2,\d+\): error/)
  assert.deepEqual(
    more.filter((line) => !line.startsWith(' ')),
    [],
  )
})

test('JavaScript in pages is JavaScript', () => {
  const names = writeBlocks('js', pages)
  assert.ok(names.length > 0, 'there is at least one such block')
  for (const name of names) {
    const { status, stderr } = spawnSync(process.execPath, ['--check', join(directory, name)], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  }
})
