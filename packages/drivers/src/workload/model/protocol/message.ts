import { parseBinaryData, renderBinaryData } from './binary-data.ts'
import { datatypes, isDatatype } from './datatype.ts'
import type { Datatype, Tensor, TensorData } from './datatype.ts'
import { InexactInteger, parseExactly, parseJsonData, renderJsonData } from './json-data.ts'
import { ProtocolError } from './protocol-error.ts'

/** Header that says how many bytes of the body are JSON; the rest are tensors. */
export const jsonLengthHeader = 'inference-header-content-length'

/** A body as it came, and the length of its JSON part; null when all of it is JSON. */
export interface Body {
  readonly bytes: Buffer
  readonly jsonLength: number | null
}

/** An output a client asks for. */
export interface RequestedOutput {
  readonly name: string
  readonly binary: boolean
}

/** What a client sends to be inferred. */
export interface InferRequest {
  readonly id: string | null
  readonly inputs: readonly Tensor[]
  /** Null asks for all outputs. */
  readonly outputs: readonly RequestedOutput[] | null
  /** Whether outputs that do not say otherwise are wanted in binary form. */
  readonly binary: boolean
}

/** What a server answers. */
export interface InferResponse {
  readonly modelName: string
  readonly modelVersion: string | null
  readonly id: string | null
  readonly outputs: readonly Tensor[]
}

/** A body to send: its parts, and the length of the first one when others follow. */
export interface RenderedBody {
  readonly json: string
  readonly binary: readonly Uint8Array[]
}

type Fields = Readonly<Record<string, unknown>>

/** The request in a body. Throws a 400 that says what is wrong with it. */
export function parseInferRequest(body: Body): InferRequest {
  return parsed(body, (root, binary) => {
    const parameters = fieldsOf(root['parameters'] ?? {}, 'The field "parameters"')
    const inBinary = parameters['binary_data_output'] === true
    const outputs = root['outputs']
    return {
      id: idOf(root),
      inputs: parseTensors(root['inputs'], 'inputs', binary),
      outputs: outputs === undefined ? null : parseOutputs(outputs, inBinary),
      binary: inBinary,
    }
  })
}

/** The answer in a body. */
export function parseInferResponse(body: Body): InferResponse {
  return parsed(body, (root, binary) => ({
    modelName: typeof root['model_name'] === 'string' ? root['model_name'] : '',
    modelVersion: typeof root['model_version'] === 'string' ? root['model_version'] : null,
    id: idOf(root),
    outputs: parseTensors(root['outputs'], 'outputs', binary),
  }))
}

/** The body of a request; `binary` sends and asks for tensors in binary form. */
export function renderInferRequest({ id, inputs, outputs, binary }: InferRequest): RenderedBody {
  const parts = renderTensors(inputs, () => binary)
  const wanted =
    outputs === null
      ? ''
      : `,"outputs":${JSON.stringify(outputs.map((output) => ({ name: output.name, parameters: { binary_data: output.binary } })))}`
  const parameters = binary ? ',"parameters":{"binary_data_output":true}' : ''
  return { json: `{${idField(id)}"inputs":[${parts.json}]${wanted}${parameters}}`, binary: parts.binary }
}

/** The body of an answer; `isBinary` says which outputs go in binary form. */
export function renderInferResponse(response: InferResponse, isBinary: (name: string) => boolean): RenderedBody {
  const { json, binary } = renderTensors(response.outputs, isBinary)
  const version = response.modelVersion === null ? '' : `"model_version":${JSON.stringify(response.modelVersion)},`
  return {
    json: `{"model_name":${JSON.stringify(response.modelName)},${version}${idField(response.id)}"outputs":[${json}]}`,
    binary,
  }
}

/** The tensors in a list that was read from JSON. Throws a 400 that says what is wrong with it. */
export function tensorsOf(value: unknown, field: string): readonly Tensor[] {
  return parseTensors(value, field, new BinaryPart(new Uint8Array()))
}

function renderTensors(tensors: readonly Tensor[], isBinary: (name: string) => boolean): RenderedBody {
  const binary: Uint8Array[] = []
  const json = tensors.map(({ name, datatype, shape, data }) => {
    const head = `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],`
    if (!isBinary(name)) return `${head}"data":${renderJsonData(datatype, data)}}`
    const bytes = renderBinaryData(datatype, data)
    binary.push(bytes)
    return `${head}"parameters":{"binary_data_size":${bytes.length}}}`
  })
  return { json: json.join(','), binary }
}

function parsed<T>({ bytes, jsonLength }: Body, read: (root: Fields, binary: BinaryPart) => T): T {
  if (jsonLength !== null && jsonLength > bytes.length)
    throw new ProtocolError(400, `The body has ${bytes.length} bytes, fewer than the ${jsonLength} of its JSON part.`)
  const text = bytes.toString('utf8', 0, jsonLength ?? bytes.length)
  const rest = bytes.subarray(jsonLength ?? bytes.length)
  const attempt = (parse: (text: string) => unknown): T => {
    const binary = new BinaryPart(rest)
    const value = read(fieldsOf(parse(text), 'The body'), binary)
    binary.end()
    return value
  }
  try {
    return attempt(JSON.parse)
  } catch (error) {
    if (error instanceof InexactInteger) return attempt(parseExactly)
    if (error instanceof SyntaxError)
      throw new ProtocolError(400, `The body is not JSON: ${error.message}.`, { cause: error })
    throw error
  }
}

/** The tensors behind the JSON part, taken in order. */
class BinaryPart {
  readonly #bytes: Uint8Array
  #at = 0
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }
  take(size: number, name: string): Uint8Array {
    const end = this.#at + size
    if (end > this.#bytes.length)
      throw new ProtocolError(400, `"${name}" has ${size} bytes in binary form, but the body ends before.`)
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) throw new ProtocolError(400, `The body has ${left} bytes that belong to no tensor.`)
  }
}

function parseTensors(value: unknown, field: string, binary: BinaryPart): readonly Tensor[] {
  if (!Array.isArray(value)) throw new ProtocolError(400, `Expected a list "${field}".`)
  return value.map((item: unknown, i) => parseTensor(fieldsOf(item, `Item ${i} of "${field}"`), binary))
}

function parseTensor(fields: Fields, binary: BinaryPart): Tensor {
  const { name, datatype, shape } = fields as {
    readonly name?: unknown
    readonly datatype?: unknown
    readonly shape?: unknown
  }
  if (typeof name !== 'string') throw new ProtocolError(400, 'A tensor has no "name".')
  if (!isDatatype(datatype))
    throw new ProtocolError(
      400,
      `"${name}" has the datatype ${JSON.stringify(datatype) ?? '(none)'}. Known: ${datatypes.join(', ')}.`,
    )
  if (!isShape(shape)) throw new ProtocolError(400, `"${name}" has no "shape", a list of whole numbers.`)
  const data = parseData(datatype, fields, { name, binary })
  const size = shape.reduce((product, length) => product * length, 1)
  if (size !== data.length)
    throw new ProtocolError(400, `"${name}" has ${data.length} values; its shape [${shape.join(', ')}] has ${size}.`)
  return { name, datatype, shape, data }
}

function parseData(
  datatype: Datatype,
  fields: Fields,
  { name, binary }: { name: string; binary: BinaryPart },
): TensorData {
  const size = fieldsOf(fields['parameters'] ?? {}, `The field "parameters" of "${name}"`)['binary_data_size']
  if (size === undefined) {
    if (!Array.isArray(fields['data']))
      throw new ProtocolError(400, `"${name}" has neither "data" nor a "binary_data_size".`)
    return parseJsonData(datatype, fields['data'], name)
  }
  if (fields['data'] !== undefined) throw new ProtocolError(400, `"${name}" has both "data" and a "binary_data_size".`)
  if (!isLength(size)) throw new ProtocolError(400, `The "binary_data_size" of "${name}" is not a number of bytes.`)
  return parseBinaryData(datatype, binary.take(size, name), name)
}

function parseOutputs(value: unknown, inBinary: boolean): readonly RequestedOutput[] {
  if (!Array.isArray(value)) throw new ProtocolError(400, 'Expected a list "outputs".')
  return value.map((item: unknown, i) => {
    const fields = fieldsOf(item, `Item ${i} of "outputs"`)
    const { name } = fields as { readonly name?: unknown }
    if (typeof name !== 'string') throw new ProtocolError(400, `Item ${i} of "outputs" has no "name".`)
    const parameters = fieldsOf(fields['parameters'] ?? {}, `The field "parameters" of "${name}"`)
    if (parameters['classification'] !== undefined)
      throw new ProtocolError(400, 'The classification extension is not served here: ask for the tensor itself.')
    const binary = parameters['binary_data']
    return { name, binary: typeof binary === 'boolean' ? binary : inBinary }
  })
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new ProtocolError(400, `${what} is not an object.`)
}

function idOf(root: Fields): string | null {
  return typeof root['id'] === 'string' ? root['id'] : null
}

function idField(id: string | null): string {
  return id === null ? '' : `"id":${JSON.stringify(id)},`
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isLength)
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
