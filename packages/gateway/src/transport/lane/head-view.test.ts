import { viewOf } from '@serin/core/assignment'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadEnd } from '../../wire/fields.ts'
import { RequestHead } from '../../wire/request-head.ts'
import { HeadView } from './head-view.ts'

const value = fc
  .array(fc.constantFrom('uid', '=', ';', ' ', '\t', 'a', 'user-1', '%41', '+', '"', 'Z\u00eb', '\u00c3\u00ab', '='), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''))
const name = fc.constantFrom('Cookie', 'cookie', 'X-User', 'x-other', 'Accept')
const lines = fc.array(fc.tuple(name, value), { maxLength: 6 })
const target = fc.constantFrom('/', '/a?uid=1&b', '/a%20b?uid=%41+c', '/?', '/x?uid')

test('a decision sees the same in the bytes as in the headers Node would give', () => {
  fc.assert(
    fc.property(lines, target, (fields, path) => {
      const text = `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields.map(([key, text_]) => `${key}: ${text_}\r\n`).join('')}\r\n`
      const bytes = Buffer.from(text, 'latin1')
      const end = new HeadEnd()
      const head = new RequestHead(100)
      const at = end.find(bytes, 0)
      assert.equal(head.read(bytes, at), null)
      const headers: Record<string, string> = {}
      for (const [key, given] of fields) {
        const lower = key.toLowerCase()
        const clean = given.replaceAll(/^[ \t]+|[ \t]+$/g, '')
        headers[lower] =
          headers[lower] === undefined ? clean : headers[lower] + (lower === 'cookie' ? '; ' : ', ') + clean
      }
      const [one, other] = [new HeadView(head, '::1'), viewOf({ headers, target: path, address: '::1' })]
      for (const key of ['cookie', 'x-user', 'accept', 'missing', 'x-other'])
        assert.equal(one.header(key), other.header(key))
      for (const key of ['uid', 'a', '', 'user-1', 'ui'])
        assert.equal(one.cookie(key), other.cookie(key), JSON.stringify([text, key]))
      assert.equal(one.query('uid'), other.query('uid'))
      assert.equal(one.path(), other.path())
      for (const text of ['/', '/a', '/a?', '/a%20b', '/x?uid', '/xy', 'a', '?'])
        for (const wholly of [true, false])
          assert.equal(one.pathBegins(text, wholly), other.pathBegins(text, wholly), `${path} ${text} ${wholly}`)
      assert.equal(one.address(), other.address())
    }),
    { numRuns: 2_000 },
  )
})
