import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { readme } from './readme.ts'

const good = '# A\n\n## Try it\n\n```sh\nnpm run demo\n```\n\n## Test\n\n```sh\nnpm test\n```\n'

function found(text: string, translation = text): readonly string[] {
  const repository = repositoryOf({ 'README.md': text, 'README.zh-CN.md': translation })
  return readme.find(repository).map(({ message }) => message)
}

test('two sections with one command each are accepted', () => {
  assert.deepEqual(found(good), [])
})

test('a missing section, a second block and a second command are found', () => {
  const each = (text: string) => new Set(found(text))
  assert.deepEqual(each(good.replace('## Test', '## Tests')), new Set(['It has no section "Test".']))
  assert.equal(each(good.replace('npm test', 'npm ci\nnpm test')).size, 1)
  assert.equal(each(`${good}\n\`\`\`sh\nnpm test\n\`\`\`\n`).size, 1)
})

test('the translation has the same headings, blocks and links', () => {
  const translated = good.replace('# A', '# 甲').replace('Try it', '试 (Try it)')
  assert.deepEqual(found(good, translated), [])
  assert.deepEqual(found(good, `${translated}\n## 乙\n`), ['Its headings are not those of README.md.'])
  assert.deepEqual(found(`${good}\n[x](LICENSE)\n`, translated), ['Its links are not those of README.md.'])
})
