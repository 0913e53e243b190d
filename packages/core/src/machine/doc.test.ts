import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cells, events, type Cell } from './testing/cells.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../../../../docs/rollout-machine.md')
const tests = ['advance', 'gates', 'shares', 'laws', 'model'].map((name) => read(`${name}.test.ts`)).join('\n')

/** The lines of a section, from its heading to the next of the same or a higher level. */
function section(title: string): string {
  const level = title.indexOf(' ')
  const from = page.indexOf(`\n${title}\n`)
  assert.ok(from >= 0, `The page has no section "${title}".`)
  const rest = page.slice(from + title.length + 2)
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

const items = (text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(/^- `([a-z-]+)`: (.*)$/gm)].map(([, name = '', sentence = '']) => [name, sentence])

const told = (cell: Cell): string =>
  `${cell.becomes !== 'stays' && 'refused' in cell.becomes ? 'refused; ' : ''}${cell.promise}`

test('the page lists the events of the code, in its order', () => {
  assert.deepEqual(
    items(section('## Events')).map(([name]) => name),
    Object.keys(events),
  )
})

test('the page lists the phases of the code, and each cell promises what its test does', () => {
  const phases = [...section('## Phases and cells').matchAll(/^### (.*)$/gm)].map(([, name]) => name)
  assert.deepEqual(phases, Object.keys(cells))
  for (const [phase, row] of Object.entries(cells)) {
    assert.deepEqual(
      items(section(`### ${phase}`)),
      Object.entries(row).map(([type, cell]) => [type, told(cell)]),
      `The section "${phase}" of docs/rollout-machine.md`,
    )
  }
})

test('every invariant of the page has its test, and the other way round', () => {
  const sentences = [...section('## Invariants').matchAll(/^\| (I\d+) \| (.*?) \|/gm)].map(([, id]) => id)
  const tested = [...tests.matchAll(/test\('(I\d+): /g)].map(([, id]) => id)
  assert.deepEqual(sentences, tested)
})

test('every other test of the machine says on the page which sentence it derives from', () => {
  const derived = [...section('## From the tests back to this page').matchAll(/^\| (?!test |-)(.*?) \|/gm)].map(
    ([, name]) => name,
  )
  const named = [...tests.matchAll(/^(?:test|describe)\('(?!I\d+: )(.*?)',/gm)].map(([, name]) => name)
  assert.deepEqual(derived, named)
})
