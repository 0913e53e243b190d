/** Element types by their number in the format. */
const elements = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
}

/** What goes in or comes out; a named length varies. */
export interface TinyValue {
  readonly name: string
  readonly datatype: keyof typeof elements
  readonly shape: readonly (number | string)[]
}

/** One operation. */
export interface TinyNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly domain?: string
}

/** A constant of floats. */
export interface TinyConstant {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

/** A graph small enough to read. */
export interface TinyGraph {
  readonly nodes: readonly TinyNode[]
  readonly inputs: readonly TinyValue[]
  readonly outputs: readonly TinyValue[]
  readonly constants?: readonly TinyConstant[]
}

/** The bytes of an ONNX file with this graph. */
export function tinyOnnx({ nodes, inputs, outputs, constants = [] }: TinyGraph): Buffer {
  const graph = [
    ...nodes.map((node) => field(1, nodeBytes(node))),
    field(2, 'tiny'),
    ...constants.map(({ name, shape, data }) =>
      field(5, [
        ...shape.map((length) => whole(1, length)),
        whole(2, elements.FP32),
        field(8, name),
        field(9, Buffer.from(new Float32Array(data).buffer)),
      ]),
    ),
    ...inputs.map((value) => field(11, valueBytes(value))),
    ...outputs.map((value) => field(12, valueBytes(value))),
  ]
  // IR version 8 and operator set 13 are old enough for every engine.
  return Buffer.concat([whole(1, 8), field(7, graph), field(8, whole(2, 13))])
}

/** y = x · weights + bias, for rows of two numbers. */
export function linearModel(
  weights: readonly [number, number, number, number],
  bias: readonly [number, number],
): Buffer {
  return tinyOnnx({
    nodes: [
      { op: 'MatMul', inputs: ['x', 'weights'], outputs: ['product'] },
      { op: 'Add', inputs: ['product', 'bias'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['rows', 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['rows', 2] }],
    constants: [
      { name: 'weights', shape: [2, 2], data: weights },
      { name: 'bias', shape: [2], data: bias },
    ],
  })
}

/** y = x for a list of any datatype. */
export function echoModel(datatype: keyof typeof elements): Buffer {
  return tinyOnnx({
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', datatype, shape: ['length'] }],
    outputs: [{ name: 'y', datatype, shape: ['length'] }],
  })
}

function nodeBytes({ op, inputs, outputs, domain }: TinyNode): Buffer[] {
  return [
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    field(4, op),
    ...(domain === undefined ? [] : [field(7, domain)]),
  ]
}

function valueBytes({ name, datatype, shape }: TinyValue): Buffer[] {
  const lengths = shape.map((length) => field(1, typeof length === 'number' ? whole(1, length) : field(2, length)))
  return [field(1, name), field(2, field(1, [whole(1, elements[datatype]), field(2, lengths)]))]
}

function whole(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)])
}

function field(number: number, content: string | Buffer | readonly Buffer[]): Buffer {
  const bytes =
    typeof content === 'string' ? Buffer.from(content) : Buffer.isBuffer(content) ? content : Buffer.concat(content)
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; bytes.length === 0 || rest > 0; rest = Math.floor(rest / 128))
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0))
  return Buffer.from(bytes)
}
