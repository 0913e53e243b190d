import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServiceFile } from './parse-file.ts'

function fileOf(workload: string, versions: string): string {
  return `serin: v1\nservices:\n  filter:\n    listen: 8080\n    workload: ${workload}\n    versions: ${versions}\n    stable: v1\n`
}

function refusalOf(workload: string, versions: string): string {
  try {
    parseServiceFile(fileOf(workload, versions))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return assert.fail('it was accepted')
}

const server = "server: 'http://triton:8000'"

test('a model on an external server needs no file, and takes no field that only a process of Serin would heed', () => {
  parseServiceFile(fileOf(`{ kind: model, model: spam, ${server} }`, '{ v1: {}, v2: {} }'))
  for (const field of ['uri: spam.onnx', 'replicas: 2', 'env: { A: b }']) {
    const refusal = refusalOf(`{ kind: model, model: spam, ${server} }`, `{ v1: { ${field} } }`)
    assert.match(refusal, /means nothing to a version of kind model on a server\. Known: endpoints, labels\./)
  }
  assert.match(
    refusalOf(`{ kind: model, model: spam, replicas: 2, ${server} }`, '{ v1: {} }'),
    /How many copies an external server runs is for the server to say/,
  )
})

test('a model that Serin serves takes no servers', () => {
  const versions = "{ v1: { uri: spam.onnx, endpoints: ['http://triton:8000'] } }"
  assert.match(
    refusalOf('{ kind: model, model: spam }', versions),
    /"endpoints" means nothing to a version of kind model\./,
  )
  const naming = refusalOf('{ kind: model, model: spam, naming: reload }', '{ v1: { uri: spam.onnx } }')
  assert.match(naming, /"reload" is a way to use an external server, but there is no "server"/)
  assert.match(
    refusalOf('{ kind: model, model: spam }', "{ v1: { uri: 's3://models/spam.onnx' } }"),
    /from this machine only/,
  )
})

test('two versions under one name are accepted only on different servers', () => {
  const workload = `{ kind: model, model: spam, naming: reload, ${server} }`
  parseServiceFile(fileOf(workload, '{ v1: {} }'))
  parseServiceFile(fileOf(workload, "{ v1: {}, v2: { endpoints: ['http://other:8000'] } }"))
  for (const versions of [
    '{ v1: {}, v2: {} }',
    "{ v1: {}, v2: { endpoints: ['http://triton:8000/'] } }",
    "{ v1: { endpoints: ['http://a:1', 'http://b:1'] }, v2: { endpoints: ['http://b:1'] } }",
  ])
    assert.match(
      refusalOf(workload, versions),
      /Under one name a server has one version at a time, and http:\S+ already has "v1"/,
    )
})

test('two services share a port only on different addresses', () => {
  const service = (name: string, listen: string): string =>
    `  ${name}:\n    listen: ${listen}\n    workload: { kind: endpoints }\n    versions: { v1: { endpoints: ['http://127.0.0.1:1'] } }\n    stable: v1\n`
  const both = (one: string, other: string): string =>
    `serin: v1\nservices:\n${service('a', one)}${service('b', other)}`
  for (const [one, other] of [
    ['8080', '8081'],
    ['0', '0'],
    ['127.0.0.2:8080', '127.0.0.3:8080'],
    ['8080', '127.0.0.2:8080'],
  ] as const)
    parseServiceFile(both(one, other))
  for (const [one, other] of [
    ['8080', '8080'],
    ['8080', '127.0.0.1:8080'],
    ['8080', '0.0.0.0:8080'],
    ["'[::]:8080'", '127.0.0.9:8080'],
  ] as const)
    assert.throws(() => parseServiceFile(both(one, other)), /Port 8080 is already that of service "a"\./)
  // A preview takes its port as `listen` does: from its own service and from others.
  for (const [one, other] of [
    ['8080\n    preview: 8081', '8082\n    preview: 8083'],
    ['8080\n    preview: 0', '0\n    preview: 0'],
    ['127.0.0.2:8080\n    preview: 127.0.0.3:8080', '8081'],
  ] as const)
    parseServiceFile(both(one, other))
  for (const [one, other, message] of [
    ['8080\n    preview: 8080', '8081', /Port 8080 is already that of "listen"\./],
    ['8080\n    preview: 8081', '8081', /Port 8081 is already that of the preview of service "a"\./],
    ['8080', '8081\n    preview: 0.0.0.0:8080', /Port 8080 is already that of service "a"\./],
  ] as const)
    assert.throws(() => parseServiceFile(both(one, other)), message)
})

test('a metric of a model measures what it says or is called, and only where answers are looked into', () => {
  const withMetrics = (metrics: string, more = ''): string =>
    `${fileOf('{ kind: endpoints }', "{ v1: { endpoints: ['http://127.0.0.1:1'] } }")}    metrics: ${metrics}\n${more}`
  const metric = parseServiceFile(withMetrics('{ time-to-first-token: { kind: generation } }')).services['filter']
    ?.metrics['time-to-first-token']
  assert.deepEqual(metric, { kind: 'generation', role: 'guardrail', margin: 20, tolerance: 10, importance: 1 })
  parseServiceFile(withMetrics('{ speed: { kind: generation, measure: tokens-per-second } }'))
  assert.throws(
    () => parseServiceFile(withMetrics('{ time-to-first-tokn: { kind: generation } }')),
    /Missing: "measure"/,
  )
  assert.throws(
    () => parseServiceFile(withMetrics('{ prompt-tokens: { kind: generation, tolerance: 30% } }')),
    /expected at most "margin"/i,
  )
  assert.throws(
    () => parseServiceFile(withMetrics('{ prompt-tokens: { kind: generation } }', '    router: nginx\n')),
    /nginx does not look into the answers of a model/,
  )
})
