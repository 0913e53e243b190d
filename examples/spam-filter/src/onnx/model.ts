import { littleEndian, Message } from './protobuf.ts'

/** A dimension: a size, or a name for one that varies. */
export type Dimension = number | string

/** Element types of tensors, by their number in the format. */
export const elementTypes = { float: 1, int32: 6, int64: 7, string: 8, bool: 9 } as const

/** The name of an element type. */
export type ElementType = keyof typeof elementTypes

/** A constant of a graph. */
export type Tensor =
  | { readonly type: 'float' | 'int64'; readonly shape: readonly number[]; readonly data: readonly number[] }
  | { readonly type: 'string'; readonly shape: readonly number[]; readonly data: readonly string[] }

/** An attribute of a node; floats are told from integers by the word. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly texts: readonly string[] }
  | { readonly tensor: Tensor }
  | { readonly graph: Graph }

/** One operation: reads values by name, gives values by name. */
export interface Node {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** Operator set; default is ONNX’s own. */
  readonly domain?: string
}

/** What goes in or comes out. */
export interface Value {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly Dimension[]
}

/** Nodes in the order in which they run, and what they need. */
export interface Graph {
  readonly name: string
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly nodes: readonly Node[]
  readonly constants?: Readonly<Record<string, Tensor>>
}

/** A model: a graph and the versions of the operator sets it is written in. */
export interface Model {
  readonly graph: Graph
  readonly producer: string
  readonly description: string
  /** Version of each operator set; the empty name is ONNX’s own. */
  readonly operatorSets: Readonly<Record<string, number>>
}

/** Version of the file format that operator set 20 came with. */
const irVersion = 9

/** The bytes of an ONNX file. Equal models give equal bytes. */
export function encodeModel({ graph, producer, description, operatorSets }: Model): Uint8Array {
  const message = new Message().int(1, irVersion).text(2, producer).text(6, description).message(7, graphMessage(graph))
  for (const [domain, version] of Object.entries(operatorSets))
    message.message(8, new Message().text(1, domain).int(2, version))
  return message.finish()
}

function graphMessage({ name, inputs, outputs, nodes, constants = {} }: Graph): Message {
  const message = new Message()
  for (const node of nodes) message.message(1, nodeMessage(node))
  message.text(2, name)
  for (const [name, tensor] of Object.entries(constants)) message.message(5, tensorMessage(tensor, name))
  for (const value of inputs) message.message(11, valueMessage(value))
  for (const value of outputs) message.message(12, valueMessage(value))
  return message
}

function nodeMessage({ op, inputs, outputs, attributes = {}, domain }: Node): Message {
  const message = new Message()
  for (const name of inputs) message.text(1, name)
  for (const name of outputs) message.text(2, name)
  message.text(3, outputs[0] ?? op).text(4, op)
  for (const [name, attribute] of Object.entries(attributes)) message.message(5, attributeMessage(name, attribute))
  if (domain !== undefined) message.text(7, domain)
  return message
}

function attributeMessage(name: string, attribute: Attribute): Message {
  const message = new Message().text(1, name)
  if ('float' in attribute) return message.float(2, attribute.float).int(20, 1)
  if ('int' in attribute) return message.int(3, attribute.int).int(20, 2)
  if ('text' in attribute) return message.text(4, attribute.text).int(20, 3)
  if ('tensor' in attribute) return message.message(5, tensorMessage(attribute.tensor)).int(20, 4)
  if ('graph' in attribute) return message.message(6, graphMessage(attribute.graph)).int(20, 5)
  if ('floats' in attribute) return message.floats(7, attribute.floats).int(20, 6)
  if ('ints' in attribute) return message.ints(8, attribute.ints).int(20, 7)
  for (const text of attribute.texts) message.text(9, text)
  return message.int(20, 8)
}

function tensorMessage(tensor: Tensor, name?: string): Message {
  const message = new Message().ints(1, tensor.shape).int(2, elementTypes[tensor.type])
  const size = tensor.shape.reduce((product, length) => product * length, 1)
  if (size !== tensor.data.length)
    throw new RangeError(`a tensor of shape ${tensor.shape.join('×')} has ${size} elements, got ${tensor.data.length}`)
  if (tensor.type === 'string') for (const text of tensor.data) message.text(6, text)
  else if (tensor.type === 'int64') message.ints(7, tensor.data)
  if (name !== undefined) message.text(8, name)
  return tensor.type === 'float' ? message.bytes(9, littleEndian(tensor.data)) : message
}

function valueMessage({ name, type, shape }: Value): Message {
  const dimensions = new Message()
  for (const length of shape)
    dimensions.message(1, typeof length === 'number' ? new Message().int(1, length) : new Message().text(2, length))
  const tensor = new Message().int(1, elementTypes[type]).message(2, dimensions)
  return new Message().text(1, name).message(2, new Message().message(1, tensor))
}
