import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mask } from './mask.ts'

test('comments and the content of texts are blanked at their place', () => {
  const source = 'const a = \'x // y\' // note\n/* b\n c */ const d = "e"'
  assert.equal(mask(source), 'const a = \'      \'        \n    \n      const d = " "')
  assert.equal(mask(source).length, source.length)
})

test('comments can be kept', () => {
  assert.equal(mask("f('//') // 'no text'", { keepComments: true }), "f('  ') // 'no text'")
})

test('code in a placeholder of a template stays, also when it holds templates and braces', () => {
  assert.equal(mask('`a ${b} c`'), '`  ${b}  `')
  assert.equal(mask('`${f({ a: `x${1}` })}` + g'), '`${f({ a: ` ${1}` })}` + g')
  assert.equal(mask('`a \\` \\${ b`'), `\`${' '.repeat(10)}\``)
})

test('a regular expression is no division and no comment', () => {
  assert.equal(mask('x = /[/\'"]/ + y'), 'x = /     / + y')
  assert.equal(mask("a / b / 'c'"), "a / b / ' '")
  assert.equal(mask('return /"/.test(a)'), 'return / /.test(a)')
  assert.equal(mask("(a) / 2 + ')'"), "(a) / 2 + ' '")
})
