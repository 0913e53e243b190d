import { env, InferenceSession, Tensor } from 'onnxruntime-web'

/** A spam filter in memory. */
export interface OpenModel {
  /** Probability that each message is spam. */
  score(texts: readonly string[]): Promise<readonly number[]>
  close(): Promise<void>
}

/** Loads a spam filter in this process, on one thread: for tests and measurements; in the demo Serin serves it. */
export async function openModel(model: Uint8Array): Promise<OpenModel> {
  env.wasm.numThreads = 1
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 })
  return {
    score: async (texts) => {
      const { spam } = await session.run({ text: new Tensor('string', [...texts], [texts.length]) })
      if (spam === undefined || !(spam.data instanceof Float32Array)) throw new Error('the model gives no `spam`')
      return [...spam.data]
    },
    close: async () => await session.release(),
  }
}
