import { kindOf } from './datatype.ts'
import type { Datatype, NumericData, NumericDatatype, TensorData } from './datatype.ts'
import { ProtocolError } from './protocol-error.ts'

/** A whole number that a double may have changed: read the text again with `parseExactly`. */
export class InexactInteger extends Error {}

/** The value of a JSON text in which whole numbers beyond ±2⁵³ are bigints, digit for digit. */
export function parseExactly(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context?.source ?? 0)
      : value
  return JSON.parse(text, revive)
}

/** The values in the `data` field, flat or nested. Throws a 400 that names the first bad one. */
export function parseJsonData(datatype: Datatype, data: readonly unknown[], name: string): TensorData {
  const flat = data.some((value) => Array.isArray(value)) ? data.flat(Infinity) : data
  if (datatype === 'BYTES') {
    const bad = flat.findIndex((value) => typeof value !== 'string')
    if (bad !== -1) throw wrong(datatype, flat, { name, at: bad })
    return flat as readonly string[]
  }
  if (datatype === 'INT64' || datatype === 'UINT64') return parseWide(datatype, flat, name)
  const values = kindOf(datatype).room(flat.length) as Exclude<NumericData, BigInt64Array | BigUint64Array>
  const accepts = accepted[datatype]
  for (let i = 0; i < flat.length; i += 1) {
    const value = flat[i]
    if (!accepts(value)) throw wrong(datatype, flat, { name, at: i })
    values[i] = Number(value)
  }
  return values
}

function parseWide(datatype: 'INT64' | 'UINT64', flat: readonly unknown[], name: string): NumericData {
  const values = kindOf(datatype).room(flat.length) as BigInt64Array | BigUint64Array
  const fit =
    datatype === 'INT64' ? (value: bigint) => BigInt.asIntN(64, value) : (value: bigint) => BigInt.asUintN(64, value)
  for (let i = 0; i < flat.length; i += 1) {
    const value = flat[i]
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw new InexactInteger()
    const whole =
      typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)) ? BigInt(value) : null
    if (whole === null || fit(whole) !== whole) throw wrong(datatype, flat, { name, at: i })
    values[i] = whole
  }
  return values
}

const accepted: Record<Exclude<NumericDatatype, 'INT64' | 'UINT64'>, (value: unknown) => boolean> = {
  BOOL: (value) => typeof value === 'boolean' || value === 0 || value === 1,
  UINT8: wholeWithin(0, 0xff),
  UINT16: wholeWithin(0, 0xffff),
  UINT32: wholeWithin(0, 0xffff_ffff),
  INT8: wholeWithin(-0x80, 0x7f),
  INT16: wholeWithin(-0x8000, 0x7fff),
  INT32: wholeWithin(-0x8000_0000, 0x7fff_ffff),
  FP16: isNumber,
  FP32: isNumber,
  FP64: isNumber,
}

function wholeWithin(min: number, max: number): (value: unknown) => boolean {
  return (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

function wrong(
  datatype: Datatype,
  flat: readonly unknown[],
  { name, at }: { name: string; at: number },
): ProtocolError {
  const value = flat[at]
  const shown = (typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'nothing')).slice(0, 40)
  return new ProtocolError(400, `Value ${at} of "${name}" is ${shown}, which is no ${datatype}.`)
}

/** The JSON text of the values. What JSON has no word for (NaN, infinities) becomes null; the binary extension carries it. */
export function renderJsonData(datatype: Datatype, data: TensorData): string {
  if (datatype === 'BYTES') return JSON.stringify(data)
  if (datatype === 'BOOL') return `[${Array.from(data as Uint8Array, (value) => value !== 0).join(',')}]`
  const text = data.join(',')
  // "NaN" and "Infinity" are the only words with an "n" in the decimal form of a number.
  return `[${text.includes('n') || text.includes('N') ? text.replaceAll(/NaN|-?Infinity/g, 'null') : text}]`
}
