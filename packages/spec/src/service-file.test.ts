import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerinError } from './errors.ts'
import { fileJsonSchema } from './known-names.ts'
import { parseServiceFile } from './parse-file.ts'

function fileOf(workload: string, version: string): string {
  return `serin: v1\nservices:\n  shop:\n    listen: 8080\n    workload: ${workload}\n    versions: { v1: ${version} }\n    stable: v1\n`
}

test('the smallest file of each kind of workload is accepted as it is', () => {
  const versions = [
    ['{ kind: process }', '{ command: [node, shop.js] }'],
    ['{ kind: model, model: spam }', '{ uri: spam.onnx }'],
    ['{ kind: endpoints }', "{ endpoints: ['http://127.0.0.1:3001'] }"],
  ] as const
  for (const [workload, version] of versions) {
    const { services } = parseServiceFile(fileOf(workload, version))
    assert.equal(services['shop']?.versions['v1']?.env, undefined, 'a version has no field that nobody wrote')
  }
})

test('every field of the file says what it means', () => {
  const { $defs } = fileJsonSchema() as {
    $defs: Record<string, { description?: string; properties?: Record<string, { description?: string }> }>
  }
  const silent = Object.entries($defs).flatMap(([name, { description, properties = {} }]) => [
    ...(description === undefined ? [name] : []),
    ...Object.entries(properties).flatMap(([field, schema]) =>
      schema.description === undefined ? [`${name}.${field}`] : [],
    ),
  ])
  assert.deepEqual(silent, [])
})

test('slices are small and strict: what is wrong is said where it is', () => {
  const said = (slices: string): string => {
    try {
      const { services } = parseServiceFile(
        `${fileOf('{ kind: endpoints }', "{ endpoints: ['http://127.0.0.1:1'] }")}    slices: ${slices}\n`,
      )
      return JSON.stringify(services['shop']?.slices)
    } catch (error) {
      assert.ok(error instanceof SerinError)
      return JSON.stringify(error.details['issues'])
    }
  }
  assert.equal(
    said(
      '{ device: { header: user-agent, values: { android: { contains: Android } } }, route: { path: { depth: 1 } } }',
    ),
    '{"device":{"header":"user-agent","values":{"android":{"contains":"Android"}}},"route":{"path":{"depth":1}}}',
  )
  assert.match(said('{ a: { header: x, path: { depth: 1 } } }'), /exactly one of header, path/)
  assert.match(said('{ a: {} }'), /exactly one of header, path/)
  assert.match(said('{ a: { heeder: x } }'), /heeder/)
  assert.match(said('{ a: { path: { depth: 5 } } }'), /depth/)
  assert.match(said('{ a: { header: x, values: {} } }'), /1 to 32 classes/)
  assert.match(said("{ 'a b': { header: x } }"), /Expected a name/)
  const five = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}: { header: x }`).join(', ')
  assert.match(said(`{ ${five} }`), /at most 4 slices/)
})
