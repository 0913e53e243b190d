/** The values of a tensor of numbers, in memory as in the binary extension. BOOL is one byte per value. */
export type NumericData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float16Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/** The values of a tensor; BYTES holds text. */
export type TensorData = NumericData | readonly string[]

/** A named tensor in the protocol's words. */
export interface Tensor {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  readonly data: TensorData
}

/** What the engine calls an element, how wide it is, and how its values are held. */
interface Kind {
  readonly element: string
  readonly bytes: number
  /** The values in these bytes, which begin at a multiple of their width. */
  readonly view: (buffer: ArrayBuffer) => NumericData
  /** Room for this many values. */
  readonly room: (length: number) => NumericData
}

// Node 22 has no such array; there the type is refused.
const half: typeof Float16Array | undefined = Reflect.get(globalThis, 'Float16Array')

/** The numeric datatypes. */
const numeric = {
  BOOL: kind('bool', Uint8Array),
  UINT8: kind('uint8', Uint8Array),
  UINT16: kind('uint16', Uint16Array),
  UINT32: kind('uint32', Uint32Array),
  UINT64: kind('uint64', BigUint64Array),
  INT8: kind('int8', Int8Array),
  INT16: kind('int16', Int16Array),
  INT32: kind('int32', Int32Array),
  INT64: kind('int64', BigInt64Array),
  FP16: kind('float16', half ?? Float32Array),
  FP32: kind('float32', Float32Array),
  FP64: kind('float64', Float64Array),
} as const satisfies Record<string, Kind>

/** The datatypes whose values are numbers. */
export type NumericDatatype = keyof typeof numeric

/** The datatypes of the protocol that are served here. */
export type Datatype = NumericDatatype | 'BYTES'

/** How the values of a numeric datatype are held. */
export function kindOf(datatype: NumericDatatype): Kind {
  return numeric[datatype]
}

/** Whether a word is one of the datatypes. */
export function isDatatype(word: unknown): word is Datatype {
  if (word === 'FP16') return half !== undefined
  return word === 'BYTES' || (typeof word === 'string' && Object.hasOwn(numeric, word))
}

/** All datatypes, for messages. */
export const datatypes: readonly string[] = [...Object.keys(numeric), 'BYTES'].filter(isDatatype)

/** The engine's word for a datatype. */
export function elementOf(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'string' : numeric[datatype].element
}

/** The datatype of the engine's word, or null when the protocol has none. */
export function datatypeOf(element: string): Datatype | null {
  const found = [...Object.entries(numeric), ['BYTES', { element: 'string' }] as const].find(
    ([, { element: own }]) => own === element,
  )
  return found !== undefined && isDatatype(found[0]) ? found[0] : null
}

interface NumericArray {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): NumericData
  new (buffer: ArrayBuffer): NumericData
}

function kind(element: string, array: NumericArray): Kind {
  return {
    element,
    bytes: array.BYTES_PER_ELEMENT,
    view: (buffer) => new array(buffer),
    room: (length) => new array(length),
  }
}
