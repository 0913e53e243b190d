import { dirname, join, parse } from 'node:path'
import { kindOf } from '../protocol/datatype.ts'
import type { Tensor, TensorData } from '../protocol/datatype.ts'
import { parseExactly } from '../protocol/json-data.ts'
import { tensorsOf } from '../protocol/message.ts'
import { RunFailure } from './engine.ts'
import type { TensorSignature } from './engine.ts'
import { warmUpBytesMax, warmUpMs, warmUpRuns } from './limits.ts'
import { readWithin } from './model-file.ts'
import { Unloadable } from './unloadable.ts'

/** A request of the warm-up, and what it has to give. */
interface WarmUpRequest {
  readonly inputs: readonly Tensor[]
  /** Golden outputs; none means that it only has to run. */
  readonly outputs: readonly Tensor[]
}

/** What is asked of a model before it counts as ready. */
export interface WarmUp {
  /** The file it was read from, or null when the inputs are made up from the signature. */
  readonly path: string | null
  readonly requests: readonly WarmUpRequest[]
  /** How far a number may be from its golden value, absolutely or relative to it, whichever is more. */
  readonly tolerance: number
}

/**
 * The warm-up beside a model file: `NAME.warmup.json` for `NAME.onnx`, else `warmup.json`, else zeros and empty texts in the shapes the
 * model declares. Rejects with `Unloadable` when the file is there and makes no sense.
 */
export async function readWarmUp(modelPath: string, inputs: readonly TensorSignature[]): Promise<WarmUp> {
  const { name } = parse(modelPath)
  for (const file of [`${name}.warmup.json`, 'warmup.json']) {
    const path = join(dirname(modelPath), file)
    const bytes = await readWithin(path, warmUpBytesMax)
    if (bytes !== null) return parseWarmUp(path, bytes)
  }
  return { path: null, requests: [{ inputs: inputs.map(blank), outputs: [] }], tolerance: 0 }
}

function parseWarmUp(path: string, bytes: Buffer): WarmUp {
  try {
    const value = parseExactly(bytes.toString('utf8')) as {
      readonly requests?: unknown
      readonly tolerance?: unknown
    } | null
    const { requests = [value], tolerance = 1e-4 } = value ?? {}
    if (!Array.isArray(requests) || requests.length === 0) throw new Error('"requests" is not a list with an item')
    if (typeof tolerance !== 'number' || !(tolerance >= 0)) throw new Error('"tolerance" is not a number from 0 up')
    return { path, requests: requests.map(parseWarmUpRequest), tolerance }
  } catch (cause) {
    const said = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
    throw new Unloadable(`${path} is no warm-up: ${said}.`, { cause })
  }
}

function parseWarmUpRequest(item: unknown): WarmUpRequest {
  const { inputs, outputs } = (item ?? {}) as { readonly inputs?: unknown; readonly outputs?: unknown }
  return {
    inputs: tensorsOf(inputs, 'inputs'),
    outputs: outputs === undefined ? [] : tensorsOf(outputs, 'outputs'),
  }
}

/** Exercises a model until it is warm. Rejects with `Unloadable` when a request from a file fails or gives something else than its golden outputs. */
export async function warmUp(
  { path, requests, tolerance }: WarmUp,
  infer: (inputs: readonly Tensor[]) => Promise<readonly Tensor[]>,
): Promise<void> {
  const started = performance.now()
  for (let run = 0; run < Math.max(warmUpRuns, requests.length); run += 1) {
    const first = run < requests.length
    if (!first && performance.now() - started > warmUpMs) return
    const { inputs, outputs } = requests[run % requests.length] ?? { inputs: [], outputs: [] }
    let given: readonly Tensor[]
    try {
      given = await infer(inputs)
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause)
      const broken = cause instanceof RunFailure && cause.fault === 'engine'
      // Nobody promised that a model takes zeros: made-up inputs that it refuses say nothing about it.
      if (path === null && !broken)
        return void process.stderr.write(`Warm-up with zeros failed and is skipped: ${said}\n`)
      throw new Unloadable(
        `${path === null ? 'The warm-up with zeros' : `Request ${run} of ${path}`} failed: ${said}`,
        { cause },
      )
    }
    const difference = first ? differenceOf(given, outputs, tolerance) : null
    if (difference !== null) throw new Unloadable(`Request ${run} of ${path ?? ''} gave another answer: ${difference}`)
  }
}

/** The first place where the answer is not the golden one, or null. */
function differenceOf(given: readonly Tensor[], golden: readonly Tensor[], tolerance: number): string | null {
  for (const wanted of golden) {
    const { name } = wanted
    const got = given.find((tensor) => tensor.name === name)
    if (got === undefined) return `there is no output "${name}".`
    if (got.datatype !== wanted.datatype) return `"${name}" is ${got.datatype}, expected ${wanted.datatype}.`
    if (got.shape.join() !== wanted.shape.join())
      return `"${name}" has the shape [${got.shape.join(', ')}], expected [${wanted.shape.join(', ')}].`
    const at = firstDifference(got.data, wanted.data, tolerance)
    if (at !== -1) return `value ${at} of "${name}" is ${String(got.data[at])}, expected ${String(wanted.data[at])}.`
  }
  return null
}

function firstDifference(got: TensorData, wanted: TensorData, tolerance: number): number {
  for (let i = 0; i < wanted.length; i += 1) {
    const [is, should] = [got[i], wanted[i]]
    if (is === should) continue
    if (typeof is !== 'number' || typeof should !== 'number') return i
    // Written so that a NaN is a difference.
    if (!(Math.abs(is - should) <= tolerance * Math.max(1, Math.abs(should)))) return i
  }
  return -1
}

function blank({ name, datatype, shape: declared }: TensorSignature): Tensor {
  const shape = declared.map((length) => (length === -1 ? 1 : length))
  const size = shape.reduce((product, length) => product * length, 1)
  return {
    name,
    datatype,
    shape,
    data: datatype === 'BYTES' ? Array<string>(size).fill('') : kindOf(datatype).room(size),
  }
}
