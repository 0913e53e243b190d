import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { en } from './en.ts'
import { isWord, languageOf, say } from './say.ts'
import { zh } from './zh.ts'

const gapsOf = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).toSorted((a, b) => a.localeCompare(b))

test('every word is there in both languages, with the same gaps', () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort())
  for (const [key, text] of Object.entries(en)) {
    const other = isWord(key) ? zh[key] : ''
    assert.notEqual(other.trim(), '', key)
    assert.deepEqual(gapsOf(other), gapsOf(text), key)
  }
})

test('every word is said somewhere', () => {
  const root = join(import.meta.dirname, '..')
  const sources = globSync('**/*.{ts,tsx}', { cwd: root, exclude: ['words/**'] })
  const text = sources.map((path) => readFileSync(join(root, path), 'utf8')).join('\n')
  // Some are put together: `phase.${phase}`.
  const begun = [...text.matchAll(/`([\w.]+\.)\$\{/g)].map(([, begin = '']) => begin)
  const dead = Object.keys(en).filter(
    (key) => !text.includes(`'${key}'`) && !begun.some((begin) => key.startsWith(begin)),
  )
  assert.deepEqual(dead, [])
})

test('a sentence is filled in, and a gap nobody fills stays to be seen', () => {
  assert.equal(say('en', 'time.ago', { age: '3 s' }), '3 s ago')
  assert.equal(say('zh', 'time.ago', { age: '3 秒' }), '3 秒前')
  assert.equal(say('en', 'time.ago'), '{age} ago')
  assert.equal(isWord('toString'), false)
})

test('the language is the first the browser prefers that there is, else English', () => {
  assert.equal(languageOf(['fr', 'zh-Hans-CN', 'en']), 'zh')
  assert.equal(languageOf(['en-GB', 'zh']), 'en')
  assert.equal(languageOf(['fr', 'zhuang']), 'en')
  assert.equal(languageOf([]), 'en')
})
