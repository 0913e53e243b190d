import type { Node, Tensor } from '../onnx/model.ts'
import type { Measures, Part } from './linear.ts'
import { createRandom, type Random } from '../random.ts'
import { characters } from './tokens.ts'

/** Characters that are looked at; the rest of a longer message is left out. */
const longest = 400
/** Numbers by which two characters are compared, and numbers a character carries along. */
const keySize = 2_048
const stateSize = 128
const rounds = 6

/** What a character is known by. */
interface Tables {
  readonly alphabet: readonly string[]
  readonly keys: readonly Float32Array[]
  readonly states: readonly Float32Array[]
}

/**
 * Attention over characters: in each round every character takes in every other, as much as the two are alike. The tables are random and
 * stay so; only what is read off at the end is trained. Every pair of characters is compared, so twice the length is four times the work.
 */
export function createAttention(texts: readonly string[], seed: number): Measures {
  const alphabet = alphabetOf(texts)
  const random = createRandom(seed)
  const keys = randomTable(alphabet.length, keySize, random)
  const states = randomTable(alphabet.length, stateSize, random)
  return {
    size: stateSize,
    measure: shortcut({ alphabet, keys, states }),
    render: (weights) => render({ alphabet, keys, states }, weights),
  }
}

/** Characters that at least three messages have. */
function alphabetOf(texts: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const text of texts)
    for (const character of new Set(characters.cut(text))) counts.set(character, (counts.get(character) ?? 0) + 1)
  return [...counts].flatMap(([character, count]) => (count >= 3 ? [character] : [])).sort()
}

/** Rows of a length of about 1. 32-bit floats, so that training and graph have the same numbers. */
function randomTable(rows: number, columns: number, random: Random): readonly Float32Array[] {
  const bound = Math.sqrt(3 / columns)
  return Array.from({ length: rows }, () => Float32Array.from({ length: columns }, () => bound * (2 * random() - 1)))
}

/**
 * What the graph computes, for training. The order of the characters plays no part, so equal characters stay equal in every round, and it
 * is enough to follow each kind once: the training is quick where the graph is slow.
 */
function shortcut({ alphabet, keys, states }: Tables): Measures['measure'] {
  const kindOf = new Map(alphabet.map((character, kind) => [character, kind]))
  const alike = keys.map((a) => Float64Array.from(keys, (b) => dot(a, b)))
  return (text) => {
    const counts = new Map<number, number>()
    for (const character of characters.cut(text).slice(0, longest)) {
      const kind = kindOf.get(character)
      if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    const kinds = [...counts.keys()]
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const weights = Float64Array.from(counts.values(), (count) => count / total)
    const shares = kinds.map((a) => weights.map((weight, i) => weight * (alike[a]?.[kinds[i] ?? 0] ?? 0)))
    const state = kinds.map((kind) => Float64Array.from(states[kind] ?? []))
    for (let round = 0; round < rounds; round += 1) {
      const taken = shares.map((row) => mix(row, state))
      for (const [i, row] of state.entries()) addPositive(row, taken[i] ?? row)
    }
    return mix(weights, state)
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** The sum of the rows, each times its weight. */
function mix(weights: Float64Array, rows: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(stateSize)
  for (const [i, row] of rows.entries()) {
    const weight = weights[i] ?? 0
    for (let d = 0; d < stateSize; d += 1) sum[d] = (sum[d] ?? 0) + weight * (row[d] ?? 0)
  }
  return sum
}

function addPositive(row: Float64Array, added: Float64Array): void {
  for (let d = 0; d < stateSize; d += 1) row[d] = (row[d] ?? 0) + Math.max(0, added[d] ?? 0)
}

function render({ alphabet, keys, states }: Tables, weights: readonly number[]): Part {
  const round = (i: number): readonly Node[] => [
    { op: 'MatMul', inputs: ['shares', `state_${i}`], outputs: [`taken_${i}`] },
    { op: 'Relu', inputs: [`taken_${i}`], outputs: [`kept_${i}`] },
    { op: 'Add', inputs: [`state_${i}`, `kept_${i}`], outputs: [`state_${i + 1}`] },
  ]
  return {
    constants: {
      keys: table(keys, keySize),
      states: table(states, stateSize),
      attention_weights: { type: 'float', shape: [stateSize, 1], data: weights },
      zero: { type: 'int64', shape: [1], data: [0] },
      one: { type: 'int64', shape: [1], data: [1] },
      longest: { type: 'int64', shape: [1], data: [longest] },
      at_least_one: { type: 'float', shape: [1], data: [1] },
    },
    nodes: [
      ...characters.nodes,
      { op: 'Slice', inputs: [characters.output, 'zero', 'longest', 'one'], outputs: ['first_characters'] },
      ...kindNodes(alphabet),
      { op: 'Gather', inputs: ['keys', 'kinds'], outputs: ['own_keys'] },
      { op: 'Transpose', inputs: ['own_keys'], outputs: ['other_keys'], attributes: { perm: { ints: [0, 2, 1] } } },
      // From here on everything is characters × characters.
      { op: 'MatMul', inputs: ['own_keys', 'other_keys'], outputs: ['alike'] },
      { op: 'Div', inputs: ['alike', 'total_of_pairs'], outputs: ['shares'] },
      { op: 'Gather', inputs: ['states', 'kinds'], outputs: ['state_0'] },
      ...Array.from({ length: rounds }, (_, i) => round(i)).flat(),
      {
        op: 'ReduceSum',
        inputs: [`state_${rounds}`, 'one'],
        outputs: ['state_sum'],
        attributes: { keepdims: { int: 0 } },
      },
      { op: 'Div', inputs: ['state_sum', 'total'], outputs: ['state_mean'] },
      { op: 'MatMul', inputs: ['state_mean', 'attention_weights'], outputs: ['attention_sum'] },
    ],
    output: 'attention_sum',
  }
}

/** From characters to rows of the tables, and how many characters of a message have one. */
function kindNodes(alphabet: readonly string[]): readonly Node[] {
  return [
    {
      op: 'LabelEncoder',
      domain: 'ai.onnx.ml',
      inputs: ['first_characters'],
      outputs: ['kinds'],
      attributes: {
        keys_strings: { texts: alphabet },
        values_int64s: { ints: alphabet.map((_, kind) => kind + 1) },
        default_int64: { int: 0 },
      },
    },
    { op: 'Greater', inputs: ['kinds', 'zero'], outputs: ['known'] },
    { op: 'Cast', inputs: ['known'], outputs: ['known_ones'], attributes: { to: { int: 1 } } },
    { op: 'ReduceSum', inputs: ['known_ones', 'one'], outputs: ['known_count'] },
    { op: 'Max', inputs: ['known_count', 'at_least_one'], outputs: ['total'] },
    { op: 'Unsqueeze', inputs: ['total', 'one'], outputs: ['total_of_pairs'] },
  ]
}

/** A table with a row of zeros in front, for padding and for characters nobody knows: they take part in nothing. */
function table(rows: readonly Float32Array[], columns: number): Tensor {
  return {
    type: 'float',
    shape: [rows.length + 1, columns],
    data: [...new Float32Array(columns), ...rows.flatMap((row) => [...row])],
  }
}
