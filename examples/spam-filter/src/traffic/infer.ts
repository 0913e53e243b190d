/** A verdict of the filter. */
export interface Prediction {
  /** Version that gave it. */
  readonly version: string
  readonly probability: number
}

/** The body of an Open Inference Protocol request about one message, as it is. */
export function inferBody(text: string): string {
  return JSON.stringify({ inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: [text] }] })
}

/** Reads the answer. Throws with a sentence when it is no prediction: an answer with status 200 can still be nonsense. */
export function readPrediction(body: string, versionHeader: string | undefined): Prediction {
  const answer = parse(body)
  const outputs: unknown = answer['outputs']
  const output = (Array.isArray(outputs) ? outputs : []).find(
    (candidate: unknown): candidate is { readonly name: 'spam'; readonly data?: unknown } =>
      candidate !== null && typeof candidate === 'object' && 'name' in candidate && candidate.name === 'spam',
  )
  if (output === undefined) throw new Error('the answer has no output `spam`')
  const { data } = output
  const probability: unknown = Array.isArray(data) && data.length === 1 ? data[0] : undefined
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1))
    throw new Error(`the output \`spam\` is not one probability: ${JSON.stringify(data).slice(0, 60)}`)
  const version = versionHeader ?? answer['model_version']
  if (typeof version !== 'string' || version === '') throw new Error('the answer does not say which version gave it')
  return { version, probability }
}

function parse(body: string): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(body)
    if (answer !== null && typeof answer === 'object') return answer as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new Error(`the answer is not a JSON object: ${body.slice(0, 60)}`)
}
