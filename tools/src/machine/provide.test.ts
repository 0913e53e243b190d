import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, type MachineFacts } from './provide.ts'

const missing = [{ command: 'nginx', debianPackage: 'nginx-light', why: 'a test wants it' }]
const debian: MachineFacts = { missing, hasApt: true, isRoot: true, isCi: false }

test('nothing missing, nothing done', () => {
  assert.deepEqual(decide({ ...debian, missing: [] }), { do: 'nothing' })
})

test('root on Debian installs', () => {
  assert.deepEqual(decide(debian), { do: 'install', packages: ['nginx-light'] })
})

test('without root it is said loudly, and in CI it fails', () => {
  const person = decide({ ...debian, isRoot: false })
  assert.equal(person.do, 'skip')
  assert.match('sentence' in person ? person.sentence : '', /apt-get install nginx-light.*a test wants it/)
  assert.equal(decide({ ...debian, isRoot: false, isCi: true }).do, 'fail')
})

test('without apt nobody could have installed it: skipped, also in CI', () => {
  assert.equal(decide({ ...debian, hasApt: false, isCi: true }).do, 'skip')
})
