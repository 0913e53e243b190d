import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import type { Enum, Field, Root, Type } from 'protobufjs'
import { broken } from './schema-rules.ts'

/** What is in the files of protobuf's own, which a name in another file leads to. */
const folders = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate']
const extensions = 'envoy/extensions'
const files = [
  'envoy/config/bootstrap/v3/bootstrap.proto',
  'envoy/service/discovery/v3/discovery.proto',
  'envoy/admin/v3/clusters.proto',
  'envoy/admin/v3/config_dump.proto',
  `${extensions}/filters/network/http_connection_manager/v3/http_connection_manager.proto`,
  `${extensions}/filters/http/lua/v3/lua.proto`,
  `${extensions}/filters/http/router/v3/router.proto`,
  `${extensions}/access_loggers/file/v3/file.proto`,
  `${extensions}/request_id/uuid/v3/uuid.proto`,
  `${extensions}/retry/host/previous_hosts/v3/previous_hosts.proto`,
  `${extensions}/upstreams/http/v3/http_protocol_options.proto`,
]

/** Wrappers are written as what they wrap. */
const wrappers = new Set(['BoolValue', 'UInt32Value', 'UInt64Value', 'DoubleValue', 'StringValue'])

/** Envoy's published schema. */
export class Schema {
  readonly #root: Root

  private constructor(root: Root) {
    this.#root = root
  }

  /** Reads it. */
  static load(): Schema {
    const published = dirname(fileURLToPath(import.meta.resolve('@grpc/grpc-js-xds/package.json')))
    const places = [
      ...folders.map((folder) => join(published, 'deps', folder)),
      dirname(createRequire(import.meta.url).resolve('protobufjs/package.json')),
    ]
    const root = new protobuf.Root()
    root.resolvePath = (_, target) =>
      places.map((place) => join(place, target)).find((file) => existsSync(file)) ?? target
    root.loadSync(files, { keepCase: true })
    root.resolveAll()
    return new Schema(root)
  }

  /**
   * What the JSON of a message comes back as after it was a message. Throws on an unknown field or value, a wrong type, two of what excludes each other,
   * a field that is deprecated, and on what the rules beside the fields forbid.
   */
  roundTrip(typeName: string, json: unknown): unknown {
    const type = this.#type(typeName)
    const bytes = type.encode(type.fromObject(this.#message(type, json, typeName))).finish()
    return this.#json(type, type.toObject(type.decode(bytes), { longs: Number, enums: String }))
  }

  /** By its whole name: protobufjs itself is content with the end of one. */
  #type(name: string): Type {
    const found = this.#root.lookupType(name)
    if (found.fullName !== `.${name}`) throw new TypeError(`no such type: ${name}`)
    return found
  }

  #message(type: Type, json: unknown, at: string): Record<string, unknown> {
    const wrapped = wrappers.has(type.name) ? type.fields['value'] : undefined
    if (wrapped !== undefined) return { value: this.#one(wrapped, json, at) }
    if (type.name === 'Duration') return durationOf(json, at)
    if (type.name === 'Struct') return { fields: structOf(recordOf(json, at), at) }
    const given = recordOf(json, at)
    if (type.name === 'Any') return this.#any(given, at)
    const message: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(given)) {
      const field = type.fields[name]
      if (field === undefined) throw new TypeError(`${at}: "${name}" is no field of ${type.fullName}`)
      if (field.options?.['deprecated'] === true) throw new TypeError(`${at}.${name} is deprecated`)
      message[name] = this.#field(field, value, `${at}.${name}`)
    }
    const against = broken(type, given)
    if (against !== null) throw new TypeError(`${at}: ${against}`)
    return message
  }

  #any({ '@type': url, ...rest }: Record<string, unknown>, at: string): Record<string, unknown> {
    const name = /^type\.googleapis\.com\/(.+)$/.exec(String(url))?.[1]
    if (name === undefined) throw new TypeError(`${at}: "@type" is missing`)
    const type = this.#type(name)
    const bytes = type.encode(type.fromObject(this.#message(type, rest, `${at}<${name}>`))).finish()
    return { type_url: url, value: bytes }
  }

  #field(field: Field, value: unknown, at: string): unknown {
    if (field.map)
      return Object.fromEntries(
        Object.entries(recordOf(value, at)).map(([key, each]) => [key, this.#one(field, each, `${at}[${key}]`)]),
      )
    if (!field.repeated) return this.#one(field, value, at)
    if (!Array.isArray(value)) throw new TypeError(`${at} is a list`)
    return value.map((each, i) => this.#one(field, each, `${at}[${i}]`))
  }

  #one(field: Field, value: unknown, at: string): unknown {
    const type = field.resolvedType
    if (type instanceof protobuf.Enum) return enumOf(type, value, at)
    if (type instanceof protobuf.Type) return this.#message(type, value, at)
    const wanted = field.type === 'string' ? 'string' : field.type === 'bool' ? 'boolean' : 'number'
    if (typeof value !== wanted) throw new TypeError(`${at} is a ${field.type}, not ${JSON.stringify(value)}`)
    const whole = !['double', 'float', 'string', 'bool'].includes(field.type)
    if (whole && (!Number.isSafeInteger(value) || (field.type.startsWith('u') && Number(value) < 0)))
      throw new TypeError(`${at} is a ${field.type}, not ${JSON.stringify(value)}`)
    return value
  }

  #json(type: Type, message: Record<string, unknown>): unknown {
    if (wrappers.has(type.name)) return message['value']
    if (type.name === 'Duration') return `${Number(message['seconds'] ?? 0) + Number(message['nanos'] ?? 0) / 1e9}s`
    if (type.name === 'Struct') return unstructured(message)
    if (type.name === 'Any') {
      const inner = this.#type(String(message['type_url']).replace(/^.*\//, ''))
      const value = message['value']
      if (!(value instanceof Uint8Array)) throw new TypeError('no bytes')
      const plain = inner.toObject(inner.decode(value), { longs: Number, enums: String })
      return { '@type': message['type_url'], ...recordOf(this.#json(inner, plain), '') }
    }
    return Object.fromEntries(
      Object.entries(message).map(([name, value]) => {
        const field = type.fields[name]
        const inner = field?.resolvedType
        if (field === undefined || !(inner instanceof protobuf.Type)) return [name, value]
        const one = (each: unknown): unknown => this.#json(inner, recordOf(each, name))
        if (field.map)
          return [
            name,
            Object.fromEntries(Object.entries(recordOf(value, name)).map(([key, each]) => [key, one(each)])),
          ]
        return [name, Array.isArray(value) ? value.map(one) : one(value)]
      }),
    )
  }
}

function enumOf(type: Enum, value: unknown, at: string): string {
  if (typeof value === 'string' && value in type.values) return value
  throw new TypeError(`${at}: ${JSON.stringify(value)} is none of ${Object.keys(type.values).join(', ')}`)
}

function durationOf(value: unknown, at: string): Record<string, unknown> {
  const found = /^(\d+)(\.\d{1,9})?s$/.exec(String(value))
  if (typeof value !== 'string' || found === null) throw new TypeError(`${at} is a duration, such as 3s`)
  return { seconds: Number(found[1]), nanos: Math.round(Number(found[2] ?? 0) * 1e9) }
}

/** As log formats have it: texts only. */
function structOf(value: Record<string, unknown>, at: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== 'string') throw new TypeError(`${at}.${key} is a text`)
      return [key, { stringValue: text }]
    }),
  )
}

function unstructured(message: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(recordOf(message['fields'], 'fields')).map(([key, value]) => [
      key,
      recordOf(value, key)['stringValue'],
    ]),
  )
}

function recordOf(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`${at} is an object`)
  return { ...value }
}
