import type { InferenceSession, OnnxValue, Tensor as OrtTensor, TypedTensor } from 'onnxruntime-web'
import { datatypeOf, elementOf } from '../protocol/datatype.ts'
import type { Datatype, Tensor, TensorData } from '../protocol/datatype.ts'
import { engineSaid } from './engine-said.ts'

/** A tensor a model takes or gives; -1 stands for a length that varies. */
export interface TensorSignature {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

/** A loaded model. */
export interface LoadedModel {
  readonly inputs: readonly TensorSignature[]
  readonly outputs: readonly TensorSignature[]
  /** The outputs asked for, in that order. Rejects with `RunFailure`. */
  run(inputs: readonly Tensor[], outputs: readonly string[]): Promise<readonly Tensor[]>
  release(): Promise<void>
}

/** What runs models. */
export interface Engine {
  /** Name and version, such as `onnxruntime-web 1.30.0`. */
  readonly name: string
  /** Rejects with the engine's own error when the bytes are no model it can run. */
  open(model: Uint8Array): Promise<LoadedModel>
}

/** A run that failed. */
export class RunFailure extends Error {
  /** Whose fault it is: the request's, the model's, or the engine's, which is then of no further use. */
  readonly fault: 'request' | 'model' | 'engine'
  constructor(fault: 'request' | 'model' | 'engine', message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'RunFailure'
    this.fault = fault
  }
}

type EngineName = 'onnxruntime-node' | 'onnxruntime-web'

/** What both engines have in common. */
type Runtime = Pick<typeof import('onnxruntime-web'), 'InferenceSession' | 'Tensor' | 'env'>

// What the engine says about a failed run is in its error; it need not go to the log as well.
const quiet = { logSeverityLevel: 4 } as const

/** The native engine where it is installed, else the one of pure Wasm. */
export async function openEngine(): Promise<Engine> {
  const native = await importNative()
  if (native !== null) return engineOf('onnxruntime-node', native, ['cpu'])
  const wasm = await import('onnxruntime-web')
  // One thread: replicas are the way to use more cores, and threads would need workers and shared memory.
  wasm.env.wasm.numThreads = 1
  return engineOf('onnxruntime-web', wasm, ['wasm'])
}

async function importNative(): Promise<Runtime | null> {
  // An optional package: the name is kept from the compiler, which would want its types.
  const name: string = 'onnxruntime-node'
  try {
    import.meta.resolve(name)
  } catch {
    return null
  }
  try {
    return (await import(name)) as Runtime
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    process.stderr.write(`onnxruntime-node is installed but does not load (${text}); onnxruntime-web is used.\n`)
    return null
  }
}

function engineOf(
  name: 'onnxruntime-node' | 'onnxruntime-web',
  runtime: Runtime,
  executionProviders: string[],
): Engine {
  runtime.env.logLevel = 'fatal'
  const { node, web, common } = runtime.env.versions
  const version = (name === 'onnxruntime-node' ? node : web) ?? common
  return {
    name: `${name} ${version}`,
    async open(model) {
      const session = await runtime.InferenceSession.create(model, {
        executionProviders,
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        ...quiet,
      })
      return loaded(name, runtime, session)
    },
  }
}

function loaded(name: EngineName, runtime: Runtime, session: InferenceSession): LoadedModel {
  const inputs = session.inputMetadata.flatMap(signature)
  const outputs = session.outputMetadata.flatMap(signature)
  const datatypes = new Map(outputs.map(({ name, datatype }) => [name, datatype]))
  if (inputs.length < session.inputMetadata.length)
    throw new Error('it takes values that the protocol has no datatype for')
  // The native binding does not know the array that its own front half insists on.
  if (name === 'onnxruntime-node' && [...inputs, ...outputs].some(({ datatype }) => datatype === 'FP16'))
    throw new Error('it takes or gives FP16, which onnxruntime-node cannot exchange; onnxruntime-web can')
  return {
    inputs,
    outputs,
    async run(tensors, wanted) {
      const feeds = Object.fromEntries(tensors.map((tensor) => [tensor.name, toOrt(runtime, tensor)]))
      let values: Readonly<Record<string, OnnxValue>>
      try {
        values = await session.run(feeds, wanted, quiet)
      } catch (error) {
        throw failureOf(error)
      }
      return wanted.map((name) => fromOrt(name, datatypes.get(name), values[name] as OrtTensor))
    },
    release: async () => await session.release(),
  }
}

function signature(value: InferenceSession.ValueMetadata): readonly TensorSignature[] {
  if (!value.isTensor) return [] // Sequences and maps have no place in the protocol.
  const datatype = datatypeOf(value.type)
  if (datatype === null) return []
  return [
    { name: value.name, datatype, shape: value.shape.map((length) => (typeof length === 'number' ? length : -1)) },
  ]
}

function toOrt(runtime: Runtime, { datatype, data, shape }: Tensor): OrtTensor {
  const element = elementOf(datatype) as 'float32'
  return new runtime.Tensor(element, data as Float32Array, shape)
}

function fromOrt(name: string, datatype: Datatype | undefined, tensor: OrtTensor): Tensor {
  if (datatype === undefined) throw new RunFailure('model', `The model gave a "${name}" that it does not declare.`)
  const { data, dims } = tensor as TypedTensor<'float32'>
  return { name, datatype, shape: dims, data: data as TensorData }
}

function failureOf(error: unknown): RunFailure {
  const text = error instanceof Error ? error.message : String(error)
  const said = engineSaid(text)
  // A trap leaves the memory of a Wasm engine in an unknown state.
  if ((error instanceof Error && error.name === 'RuntimeError') || text.startsWith('Aborted('))
    return new RunFailure('engine', `The engine broke down: ${said}`, { cause: error })
  const atFault = /ERROR_CODE: 2\b|INVALID_ARGUMENT/.test(text) ? 'request' : 'model'
  return new RunFailure(atFault, `The model could not be run: ${said}`, { cause: error })
}
