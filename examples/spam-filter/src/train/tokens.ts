import type { Node } from '../onnx/model.ts'

/**
 * A way to cut a message into pieces, twice: as the training does it, and as the model’s graph does it. Letters keep their case: how
 * other letters than English ones change theirs depends on the machine, and a model must not.
 */
export interface Tokens {
  readonly cut: (text: string) => readonly string[]
  /** Nodes that turn the graph’s `text` [N] into `output` [N, pieces], padded with empty texts. */
  readonly nodes: readonly Node[]
  readonly output: string
}

/** Words, cut at white space: “free!” and “free” are two words. */
export const words: Tokens = {
  cut: (text) => text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== ''),
  nodes: [{ op: 'StringSplit', inputs: ['text'], outputs: ['words', 'word_counts'] }],
  output: 'words',
}

const pieceRule = '[A-Za-z]+|[0-9]+|[^ A-Za-z0-9]'

/** Words, numbers and single marks: “free!” is “free” and “!”. */
export const pieces: Tokens = {
  cut: (text) => text.match(new RegExp(pieceRule, 'gu')) ?? [],
  nodes: [tokenizer('pieces', { tokenexp: { text: pieceRule } })],
  output: 'pieces',
}

/** Characters. */
export const characters: Tokens = {
  cut: (text) => Array.from(text),
  nodes: [tokenizer('characters', { separators: { texts: [''] } })],
  output: 'characters',
}

/** Not in ONNX’s own operator set, but in every build of ONNX Runtime. */
function tokenizer(output: string, rule: NonNullable<Node['attributes']>): Node {
  return {
    op: 'Tokenizer',
    domain: 'com.microsoft',
    inputs: ['text'],
    outputs: [output],
    attributes: { mark: { int: 0 }, mincharnum: { int: 1 }, pad_value: { text: '' }, ...rule },
  }
}
