import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { SerinError } from './errors.ts'
import { parseServiceFile, type FileIssue } from './parse-file.ts'
import { richFile, wordsOf, type Word } from './testing/rich-file.ts'

/** The issues of a file, or null when it is valid; anything thrown but a SerinError is a failure. */
function issuesOf(text: string): readonly FileIssue[] | null {
  try {
    parseServiceFile(text, 'release.yaml')
    return null
  } catch (error) {
    assert.ok(error instanceof SerinError, `${String(error)} for\n${text}`)
    assert.equal(error.code, 'config.invalid')
    return error.details['issues'] as readonly FileIssue[]
  }
}

/** The long form (SERIN_LONG=1) tries everything on every line; the short one a part of it on every line. */
const long = process.env['SERIN_LONG'] === '1'
const some = <T>(all: readonly T[], line: number, count: number): readonly T[] =>
  long ? all : Array.from({ length: count }, (_, i) => all[(line * count + i) % all.length] as T)

const lines = richFile.split('\n').length

function wellSaid(issues: readonly FileIssue[]): void {
  assert.ok(issues.length > 0)
  for (const issue of issues) {
    assert.equal(issue.file, 'release.yaml')
    assert.ok(issue.line >= 1 && issue.line <= lines + 3 && issue.column >= 1, JSON.stringify(issue))
    assert.match(issue.message, /^[A-Z"].*[.!]$/s)
    assert.doesNotMatch(issue.message, /Invalid input|undefined|\[object|ZodError|received/)
  }
}

type Slip = 'swap' | 'drop' | 'double' | 'replace'

function slipped(word: string, slip: Slip, at: number): string {
  const i = at % word.length
  const letter = word.charAt(i)
  if (slip === 'drop') return word.slice(0, i) + word.slice(i + 1)
  if (slip === 'double') return word.slice(0, i) + letter + word.slice(i)
  if (slip === 'replace') return `${word.slice(0, i)}z${word.slice(i + 1)}`
  return i + 1 < word.length ? word.slice(0, i) + word.charAt(i + 1) + letter + word.slice(i + 2) : word
}

const words = wordsOf(richFile)
const edited = ({ offset, word }: Word, text: string): string =>
  richFile.slice(0, offset) + text + richFile.slice(offset + word.length)

test('the file of these tests is valid, and has a word of every kind', () => {
  assert.equal(issuesOf(richFile), null)
  assert.ok(words.filter(({ is }) => is === 'key').length > 60 && words.filter(({ is }) => is === 'value').length >= 14)
})

test('a misspelt word anywhere is still valid, or found on its line with the word that was meant', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...words),
      fc.constantFrom<Slip>('swap', 'drop', 'double', 'replace'),
      fc.nat(40),
      (word, slip, at) => {
        const text = slipped(word.word, slip, at)
        const issues = issuesOf(edited(word, text))
        if (issues === null) return
        wellSaid(issues)
        // A digit or a word of one letter more may be another word, a number, or nothing at all: then the line is enough.
        const here = issues.filter(({ line }) => line === word.line)
        assert.ok(here.length > 0, `${word.word} → ${text} on line ${word.line}: ${JSON.stringify(issues)}`)
        if (text.length > 1 && word.word.length > 2 && /^[A-Za-z]/.test(word.word))
          assert.ok(
            here.some(({ nearest }) => nearest === word.word),
            `${word.word} → ${text}: ${JSON.stringify(here)}`,
          )
      },
    ),
    { numRuns: long ? 3_000 : 300 },
  )
})

test('one misspelt word gives one or two issues, not a page of them', () => {
  for (const word of words.filter((_, i) => long || i % 2 === 0)) {
    const issues = issuesOf(edited(word, slipped(word.word, 'double', 1)))
    assert.ok(issues === null || issues.length <= 2, `${word.word}: ${JSON.stringify(issues)}`)
  }
})

const wrongValues = [
  '5',
  '-1',
  '1.5',
  'true',
  'nope',
  '[]',
  '[1]',
  '{}',
  '{ a: b }',
  '',
  '~',
  "''",
  '"',
  '*a',
  '&a',
  '!x y',
  '|',
  '.nan',
  '.inf',
  '0x',
  '1e400',
]

test('a value of any wrong kind is still valid, or found on its line', () => {
  const valued = richFile.split('\n').flatMap((line, i) => (/: \S/.test(line) ? [i] : []))
  for (const i of valued) {
    for (const wrong of some(wrongValues, i, 4)) {
      const all = richFile.split('\n')
      all[i] = (all[i] ?? '').replace(/: .*$/, `: ${wrong}`)
      const issues = issuesOf(all.join('\n'))
      if (issues === null) continue
      wellSaid(issues)
      // What is not closed may swallow the lines after it, and names that others refer to are missed where they are referred to.
      const swallows = wrong === '"' || wrong === '|'
      const near = issues.some(({ line }) => line === i + 1) || swallows || /stable|kind|name/.test(all[i] ?? '')
      assert.ok(near, `${all[i]?.trim()} on line ${i + 1}: ${JSON.stringify(issues)}`)
    }
  }
})

test('a line that is indented wrongly is still valid, or found near its place', () => {
  const all = richFile.split('\n')
  for (const [i, line] of all.entries()) {
    if (line === '') continue
    const ways = [
      ` ${line}`,
      `  ${line}`,
      `\t${line}`,
      line.replace(/^ /, ''),
      line.replace(/^ {2}/, ''),
      line.trimStart(),
    ]
    for (const moved of some(ways, i, 2)) {
      if (moved === line) continue
      const issues = issuesOf([...all.slice(0, i), moved, ...all.slice(i + 1)].join('\n'))
      if (issues === null) continue
      wellSaid(issues)
      // A line that moved may be seen where it went, where it is missed, or where what belongs to it no longer does.
      const path = /^ *(?:- )?([\w-]+):/.exec(line)?.[1] ?? line.trim()
      const near = issues.some((issue) => Math.abs(issue.line - i - 1) <= 2 || issue.path.split('.').includes(path))
      const missed = issues.some(
        ({ line: at, message }) =>
          /^(Missing|Nothing is written)/.test(message) || (message.startsWith('This line is indented') && at > i),
      )
      assert.ok(near || missed, `line ${i + 1} "${moved}": ${JSON.stringify(issues)}`)
    }
  }
})

test('a line that is lost or written twice is still valid, or explained', () => {
  const all = richFile.split('\n')
  for (const [i, line] of all.entries()) {
    for (const text of [
      [...all.slice(0, i), ...all.slice(i + 1)],
      [...all.slice(0, i), line, ...all.slice(i)],
    ]) {
      const issues = issuesOf(text.join('\n'))
      if (issues !== null) wellSaid(issues)
    }
  }
})

test('whatever the text is, there is a file or a sentence', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(...richFile.split('\n')),
    fc.constantFrom(
      '__proto__:',
      '  constructor: x',
      '? [a]: b',
      '<<: *x',
      '&a [*a]',
      '- - -',
      '%YAML 1.1',
      '---',
      '...',
      '"\\x"',
      '{',
      ']',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      const text = pieces.join('\n')
      const issues = issuesOf(text)
      if (issues !== null) for (const { line, message } of issues) assert.ok(line >= 1 && message.length > 5)
    }),
    { numRuns: long ? 2_000 : 200 },
  )
})

test('a file that is nested without end, or refers to itself without end, is refused with a sentence', () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefgh'
    .split('')
    .map((name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'.charAt(i)}`).join(', ')}]`)
    .join('\n')}\n`
  for (const text of ['['.repeat(100_000), bomb, 'a: &a\n  b: *a\n']) {
    const issues = issuesOf(text)
    assert.ok(issues !== null)
    wellSaid(issues.slice(0, 1))
  }
})
