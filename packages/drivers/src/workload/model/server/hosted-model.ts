import type { Tensor } from '../protocol/datatype.ts'
import type { InferRequest, InferResponse } from '../protocol/message.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { checkInputs } from './check-inputs.ts'
import type { Engine, LoadedModel } from './engine.ts'
import { readModelFile } from './model-file.ts'
import type { ModelFile } from './model-file.ts'
import { unloadable } from './unloadable.ts'
import { readWarmUp, warmUp } from './warm-up.ts'

/** Where a model is read from. */
export interface ModelSource {
  readonly version: string
  readonly path: string
}

/** The states of the protocol's repository index. */
export type ModelState = 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE'

interface Loaded {
  readonly model: LoadedModel
  readonly file: Omit<ModelFile, 'bytes'>
  readonly version: string
}

/** One name in the protocol's paths: loaded from its source, warmed up, served, unloaded. */
export class HostedModel {
  readonly name: string
  readonly #engine: Engine
  readonly #find: () => Promise<ModelSource>
  #state: ModelState = 'UNAVAILABLE'
  #reason = 'not loaded'
  #loaded: Loaded | null = null
  #running = 0
  #quiet: (() => void) | null = null
  /** Loads and unloads, one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(name: string, engine: Engine, find: () => Promise<ModelSource>) {
    this.name = name
    this.#engine = engine
    this.#find = find
  }

  get state(): ModelState {
    return this.#state
  }

  /** Why it is in its state; empty when all is well. */
  get reason(): string {
    return this.#reason
  }

  get version(): string | null {
    return this.#loaded?.version ?? null
  }

  /** Loads it, or loads it anew; requests in flight finish on what was loaded before. Rejects with `Unloadable`, and is then unavailable. */
  async load(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#close()
      this.#enter('LOADING')
      try {
        this.#loaded = await this.#open(await this.#find())
        this.#enter('READY')
      } catch (error) {
        this.#enter('UNAVAILABLE', error instanceof Error ? error.message : String(error))
        throw error
      }
    })
  }

  /** Lets requests in flight finish and gives the model back. */
  async unload(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#close()
      this.#enter('UNAVAILABLE', 'unloaded')
    })
  }

  /** The protocol's metadata, with the engine and the checksum of the file. Throws a 503 when it is not ready. */
  metadata(): object {
    const { model, file, version } = this.#ready()
    return {
      name: this.name,
      versions: [version],
      platform: 'onnxruntime_onnx',
      inputs: model.inputs,
      outputs: model.outputs,
      parameters: { engine: this.#engine.name, sha256: file.sha256 },
    }
  }

  /** The outputs asked for. Rejects with `ProtocolError` or `RunFailure`. */
  async infer({ id, inputs, outputs }: InferRequest): Promise<InferResponse> {
    const { model, version } = this.#ready()
    this.#running += 1
    try {
      const wanted = outputs?.map(({ name }) => name) ?? model.outputs.map(({ name }) => name)
      const given = await run(model, inputs, wanted)
      return { modelName: this.name, modelVersion: version, id, outputs: given }
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#quiet?.()
    }
  }

  #ready(): Loaded {
    if (this.#state === 'READY' && this.#loaded !== null) return this.#loaded
    throw new ProtocolError(503, `The model "${this.name}" is not ready: ${this.#reason || this.#state.toLowerCase()}.`)
  }

  async #open({ version, path }: ModelSource): Promise<Loaded> {
    const { bytes, sha256 } = await readModelFile(path)
    let model: LoadedModel
    try {
      model = await this.#engine.open(bytes)
    } catch (error) {
      throw unloadable({ path, bytes: bytes.length }, error)
    }
    try {
      const outputs = model.outputs.map(({ name }) => name)
      const requests = await readWarmUp(path, model.inputs)
      await warmUp(requests, async (inputs) => await run(model, inputs, outputs))
      return { model, file: { path, sha256 }, version }
    } catch (error) {
      await model.release()
      throw error
    }
  }

  async #close(): Promise<void> {
    const loaded = this.#loaded
    if (loaded === null) return
    this.#enter('UNLOADING')
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#quiet = resolve))
    this.#quiet = null
    this.#loaded = null
    await loaded.model.release()
  }

  #enter(state: ModelState, reason = ''): void {
    this.#state = state
    this.#reason = reason
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const before = this.#turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turn = promise
    await before
    try {
      await act()
    } finally {
      resolve()
    }
  }
}

async function run(
  model: LoadedModel,
  inputs: readonly Tensor[],
  wanted: readonly string[],
): Promise<readonly Tensor[]> {
  checkInputs(model.inputs, inputs)
  for (const name of wanted)
    if (!model.outputs.some((output) => output.name === name))
      throw new ProtocolError(
        400,
        `The model has no output "${name}". Known: ${model.outputs.map((output) => output.name).join(', ')}.`,
      )
  return await model.run(inputs, wanted)
}
