import assert from 'node:assert/strict'
import { test } from 'node:test'
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
