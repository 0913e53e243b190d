/** What an answer says it took; 0 for what it does not say. */
export interface Usage {
  readonly promptTokens: number
  /** Null when it says nothing of them. */
  readonly completionTokens: number | null
}

/** What an event of a stream says. */
export interface Said {
  /** Whether it carries a piece of the answer. */
  readonly token: boolean
  readonly usage: Usage | null
  /** Whether it says that the model failed, after the head had promised an answer. */
  readonly failed: boolean
}

/** Answers with more tokens count as this many: no single one decides a mean. */
const mostTokens = 1_000_000
/** Parts of a delta that are written by the model: text, thoughts, calls; not the role at the beginning. */
const spoken = ['content', 'reasoning_content', 'reasoning', 'refusal', 'tool_calls', 'function_call'] as const
const nothing: Said = { token: false, usage: null, failed: false }

/** Reads the data of an event: chat and text completions, and the events of responses that end in `.delta`. */
export function saidBy(data: string): Said {
  // Most streams end with this word, which is no JSON.
  if (!data.startsWith('{')) return nothing
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return nothing
  }
  const event = asRecord(value)
  if (event === null) return nothing
  const { type, delta, error, response, object } = event
  const choices: readonly unknown[] = Array.isArray(event['choices']) ? event['choices'] : []
  const streamed = typeof type === 'string' && type.endsWith('.delta') && says(delta)
  return {
    token: streamed || choices.some((choice) => speaks(choice)),
    usage: usageIn(event['usage'] ?? asRecord(response)?.['usage']),
    failed: (error !== undefined && error !== null) || [type, object].includes('error') || type === 'response.failed',
  }
}

/** Reads what an answer took; null when it says nothing. */
export function usageIn(value: unknown): Usage | null {
  const usage = asRecord(value)
  if (usage === null) return null
  const prompt = tokensIn(usage['prompt_tokens'] ?? usage['input_tokens'])
  const completion = tokensIn(usage['completion_tokens'] ?? usage['output_tokens'])
  return prompt === null && completion === null ? null : { promptTokens: prompt ?? 0, completionTokens: completion }
}

/** An object of JSON, or null for anything else. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null
}

function tokensIn(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Math.min(mostTokens, Number(value)) : null
}

function speaks(choice: unknown): boolean {
  const record = asRecord(choice)
  const delta = asRecord(record?.['delta'])
  return says(record?.['text']) || (delta !== null && spoken.some((part) => says(delta[part])))
}

function says(value: unknown): boolean {
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0
  return asRecord(value) !== null
}
