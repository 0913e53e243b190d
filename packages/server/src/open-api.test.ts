import { api, catalogue, type Operation } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiDocument } from './open-api.ts'
import { ControlPlane } from './testing/control-plane.ts'

type Node = Record<string, unknown>

function isNode(value: unknown): value is Node {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Every object of a document with its path. */
function* nodes(value: unknown, path = '#'): Generator<readonly [path: string, node: Node]> {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* nodes(item, `${path}/${i}`)
  if (!isNode(value)) return
  yield [path, value]
  for (const [key, item] of Object.entries(value))
    yield* nodes(item, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
}

/** What a `$ref` of the document points to. */
function resolved(document: Node, reference: string): unknown {
  assert.match(reference, /^#\//)
  return reference
    .slice(2)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((node, part) => (isNode(node) ? node[part] : undefined), document)
}

const document = openApiDocument()
const paths = document['paths'] as Record<string, Record<string, Node>>
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
)

test('the document is served, without a token, and is the printed one', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const { status, json } = await plane.call('GET', '/v1/openapi.json', { token: null })
  assert.deepEqual([status, json], [200, JSON.parse(JSON.stringify(document))])
})

test('it is OpenAPI 3.1 with every operation of the table, and the stream', () => {
  assert.match(String(document['openapi']), /^3\.1\.\d+$/)
  const info = document['info'] as Node
  for (const field of ['title', 'version']) assert.equal(typeof info[field], 'string')
  const table = Object.entries<Operation>(api).map(([name, { method, path }]) => `${name} ${method} ${path}`)
  const printed = operations.map(
    ({ path, method, operation }) => `${String(operation['operationId'])} ${method.toUpperCase()} ${path}`,
  )
  assert.deepEqual(printed.toSorted(), [...table, 'events GET /v1/events'].toSorted())
})

test('every reference resolves', () => {
  let references = 0
  for (const [path, node] of nodes(document)) {
    if (typeof node['$ref'] !== 'string') continue
    references += 1
    assert.ok(isNode(resolved(document, node['$ref'])), `${path}: ${node['$ref']}`)
  }
  assert.ok(references >= operations.length)
})

test('every operation has what OpenAPI asks for', () => {
  const known = new Set([
    'operationId',
    'summary',
    'description',
    'parameters',
    'requestBody',
    'responses',
    'security',
    'tags',
    'x-serin-role',
  ])
  for (const { path, operation } of operations) {
    assert.deepEqual(
      Object.keys(operation).filter((key) => !known.has(key)),
      [],
      path,
    )
    assert.ok(String(operation['summary']).length > 5, path)
    const parameters = (operation['parameters'] ?? []) as Node[]
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    assert.deepEqual(
      parameters.filter((parameter) => parameter['in'] === 'path').map((parameter) => parameter['name']),
      inPath,
    )
    for (const parameter of parameters) {
      assert.ok(['path', 'query', 'header'].includes(String(parameter['in'])) && isNode(parameter['schema']), path)
      if (parameter['in'] === 'path') assert.equal(parameter['required'], true)
    }
    const responses = operation['responses'] as Record<string, Node>
    assert.deepEqual(Object.keys(responses).toSorted(), ['200', 'default'])
    for (const response of Object.values(responses)) assert.equal(typeof response['description'], 'string')
    for (const [type, media] of contentsOf(operation)) {
      assert.match(type, /^[\w.+-]+\/[\w.+-]+$/)
      assert.ok(isNode(media) && isNode(media['schema']), `${path} ${type}`)
    }
  }
})

/** Every media type of an operation. */
function contentsOf(operation: Node): readonly (readonly [string, unknown])[] {
  const holders = [operation['requestBody'], ...Object.values(operation['responses'] as Node)]
  return holders.flatMap((holder) =>
    isNode(holder) && isNode(holder['content']) ? Object.entries(holder['content']) : [],
  )
}

test('every schema is one of JSON Schema 2020-12', () => {
  const types = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])
  let schemas = 0
  for (const { path, operation } of operations) {
    for (const [, media] of contentsOf(operation)) {
      for (const [place, node] of nodes((media as Node)['schema'])) {
        if (/\/(properties|\$defs)$/.test(place)) continue
        schemas += 1
        const { type } = node
        for (const one of Array.isArray(type) ? type : type === undefined ? [] : [type])
          assert.ok(types.has(String(one)), `${path} ${place}: ${String(one)}`)
        if (Array.isArray(node['required'])) {
          const properties = Object.keys(node['properties'] ?? {})
          for (const name of node['required'])
            assert.ok(properties.includes(String(name)), `${path} ${place}: ${String(name)}`)
        }
        if (typeof node['pattern'] === 'string') assert.doesNotThrow(() => new RegExp(String(node['pattern']), 'u'))
        assert.equal(node['$schema'], undefined)
        assert.equal(node['nullable'], undefined, '3.0 said so; 3.1 does not')
      }
    }
  }
  assert.ok(schemas > 100)
})

test('a problem of the document has every code of the catalogue', () => {
  const problem = resolved(document, '#/components/schemas/Problem') as { properties: { code: { enum: string[] } } }
  assert.deepEqual(problem.properties.code.enum, Object.keys(catalogue))
})
