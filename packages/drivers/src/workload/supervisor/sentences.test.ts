import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saidLast } from './sentences.ts'

test('what a program said last is told, with the line that names the error when it came before', () => {
  assert.equal(saidLast([]), '')
  assert.equal(saidLast(['one', 'two', 'three', 'four']), ' It said last: “two | three | four”.')
  const node = [
    'node:events:486',
    'Error: listen EADDRINUSE: address already in use 127.0.0.1:8080',
    '    at Server.setupListenHandle [as _listen2] (node:net:2008:16)',
    "Emitted 'error' event on Server instance at:",
    '  port: 8080',
    '}',
    'Node.js v24.21.0',
  ]
  assert.match(saidLast(node), /“Error: listen EADDRINUSE.* \| {3}port: 8080 \| } \| Node\.js v24\.21\.0”/)
  assert.match(saidLast(['panicked at src/main.rs:4: no room', 'a', 'b', 'c']), /“panicked at .* \| a \| b \| c”/)
})
