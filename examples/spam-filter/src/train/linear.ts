import type { LabelledMessage } from '../messages/messages.ts'
import { encodeModel, type Node, type Tensor } from '../onnx/model.ts'
import { trainLogistic, type Example, type LogisticOptions } from './logistic.ts'
import type { Tokens } from './tokens.ts'

/** A part of a graph that gives one number per message [N, 1], to be added to the log odds. */
export interface Part {
  readonly nodes: readonly Node[]
  readonly constants: Readonly<Record<string, Tensor>>
  readonly output: string
}

/** Numbers measured on a whole message, which a regression reads besides its tokens. */
export interface Measures {
  readonly size: number
  readonly measure: (text: string) => ArrayLike<number>
  /** The weighted sum of the numbers, as a part of the graph. */
  readonly render: (weights: readonly number[]) => Part
}

/** What to learn from, and how. */
export interface Recipe extends LogisticOptions {
  readonly tokens: Tokens
  readonly measures?: Measures
  /** A token counts when at least this many training messages have it. */
  readonly atLeast: number
}

/** A trained spam filter: the log odds of spam are the bias, the weight of each token a message has, and its weighted measures. */
export interface LinearModel {
  readonly tokens: Tokens
  readonly tokenWeights: ReadonlyMap<string, number>
  readonly measures: Measures | null
  readonly measureWeights: readonly number[]
  readonly bias: number
}

/** The last digits may differ between machines; the file must not. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4

/** Trains a spam filter. The same messages and recipe give the same model. */
export function trainLinear(messages: readonly LabelledMessage[], recipe: Recipe): LinearModel {
  const { tokens, measures = null } = recipe
  const vocabulary = vocabularyOf(
    messages.map(({ text }) => new Set(tokens.cut(text))),
    recipe.atLeast,
  )
  const scales = scalesOf(measures === null ? [] : messages.map(({ text }) => measures.measure(text)))
  const examples = messages.map(({ spam, text }, at): Example => {
    const known = [...new Set(tokens.cut(text))].flatMap((token) => vocabulary.get(token) ?? [])
    return {
      spam,
      features: [...known, ...scales.map((_, i) => vocabulary.size + i)],
      values: [...known.map(() => 1), ...scales.map(({ scaled }) => scaled[at] ?? 0)],
    }
  })
  const { weights, bias } = trainLogistic(examples, vocabulary.size + scales.length, recipe)
  const perUnit = scales.map(({ spread }, i) => (weights[vocabulary.size + i] ?? 0) / spread)
  return {
    tokens,
    tokenWeights: new Map([...vocabulary].map(([token, i]) => [token, rounded(weights[i] ?? 0)])),
    measures,
    measureWeights: perUnit.map(rounded),
    bias: rounded(scales.reduce((rest, { mean }, i) => rest - mean * (perUnit[i] ?? 0), bias)),
  }
}

/** The probability of spam as the training computes it; the file must say the same. */
export function probabilityOf(
  { tokens, tokenWeights, measures, measureWeights, bias }: LinearModel,
  text: string,
): number {
  let logOdds = bias
  for (const token of new Set(tokens.cut(text))) logOdds += tokenWeights.get(token) ?? 0
  const measured = measures?.measure(text) ?? []
  for (const [i, weight] of measureWeights.entries()) logOdds += weight * (measured[i] ?? 0)
  return 1 / (1 + Math.exp(-logOdds))
}

/** The model as an ONNX file: from `text`, any number of messages as they are, to `spam`, the probability of each. */
export function renderLinear(model: LinearModel, description: string): Uint8Array {
  const parts = [
    tokenPart(model.tokens, model.tokenWeights),
    ...(model.measures === null ? [] : [model.measures.render(model.measureWeights)]),
  ]
  const additions = parts.map(({ output }, i): Node => ({
    op: 'Add',
    inputs: [i === 0 ? 'bias' : `log_odds_${i}`, output],
    outputs: [`log_odds_${i + 1}`],
  }))
  return encodeModel({
    producer: 'serin-example-spam-filter',
    description,
    operatorSets: { '': 20, 'ai.onnx.ml': 2, 'com.microsoft': 1 },
    graph: {
      name: 'spam',
      inputs: [{ name: 'text', type: 'string', shape: ['messages'] }],
      outputs: [{ name: 'spam', type: 'float', shape: ['messages'] }],
      constants: {
        bias: { type: 'float', shape: [1, 1], data: [model.bias] },
        ...Object.assign({}, ...parts.map(({ constants }) => constants)),
      },
      nodes: [
        ...parts.flatMap(({ nodes }) => nodes),
        ...additions,
        { op: 'Sigmoid', inputs: [`log_odds_${parts.length}`], outputs: ['probability'] },
        { op: 'Squeeze', inputs: ['probability', 'one'], outputs: ['spam'] },
      ],
    },
  })
}

/** TfIdfVectorizer in the mode IDF gives a token’s weight where it occurs, however often: what a linear model needs. */
function tokenPart({ nodes, output }: Tokens, tokenWeights: ReadonlyMap<string, number>): Part {
  const weighted = [...tokenWeights].filter(([, weight]) => weight !== 0)
  return {
    constants: { one: { type: 'int64', shape: [1], data: [1] } },
    nodes: [
      ...nodes,
      {
        op: 'TfIdfVectorizer',
        inputs: [output],
        outputs: ['token_weights'],
        attributes: {
          mode: { text: 'IDF' },
          min_gram_length: { int: 1 },
          max_gram_length: { int: 1 },
          max_skip_count: { int: 0 },
          ngram_counts: { ints: [0] },
          ngram_indexes: { ints: weighted.map((_, i) => i) },
          pool_strings: { texts: weighted.map(([token]) => token) },
          weights: { floats: weighted.map(([, weight]) => weight) },
        },
      },
      { op: 'ReduceSum', inputs: ['token_weights', 'one'], outputs: ['token_sum'] },
    ],
    output: 'token_sum',
  }
}

/** Places of the tokens that enough messages have, in the order of their spelling. */
function vocabularyOf(messages: readonly ReadonlySet<string>[], atLeast: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const message of messages) for (const token of message) counts.set(token, (counts.get(token) ?? 0) + 1)
  const common = [...counts].flatMap(([token, count]) => (count >= atLeast ? [token] : [])).sort()
  return new Map(common.map((token, i) => [token, i]))
}

interface Scale {
  readonly mean: number
  readonly spread: number
  /** The measure of each message, with mean 0 and spread 1. */
  readonly scaled: readonly number[]
}

function scalesOf(rows: readonly ArrayLike<number>[]): readonly Scale[] {
  return Array.from({ length: rows[0]?.length ?? 0 }, (_, i) => {
    const column = rows.map((row) => row[i] ?? 0)
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length
    const spread = Math.max(1e-6, Math.sqrt(variance))
    return { mean, spread, scaled: column.map((value) => (value - mean) / spread) }
  })
}
