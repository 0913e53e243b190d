import { createRandom, shuffled } from '../random.ts'

/** One message as the regression sees it: what it has, and how much of it. */
export interface Example {
  readonly spam: boolean
  readonly features: readonly number[]
  /** As many as `features`. */
  readonly values: readonly number[]
}

/** How to train. */
export interface LogisticOptions {
  readonly passes: number
  /** Strength of the pull of every weight towards 0. */
  readonly ridge: number
  /** How much more a spam message counts than a good one. */
  readonly spamWeight: number
  readonly seed: number
}

/** Log odds of spam: `bias` plus weight × value of all a message has. */
export interface Logistic {
  readonly weights: Float64Array
  readonly bias: number
}

const rate = 0.3

/** Trains a logistic regression by stochastic gradients with AdaGrad steps. The same examples, in the same order, give the same numbers. */
export function trainLogistic(examples: readonly Example[], size: number, options: LogisticOptions): Logistic {
  const random = createRandom(options.seed)
  const weights = new Float64Array(size)
  const squares = new Float64Array(size).fill(1e-8)
  let [bias, biasSquares] = [0, 1e-8]
  for (let pass = 0; pass < options.passes; pass += 1) {
    for (const at of shuffled(examples.length, random)) {
      const example = examples[at]
      if (example === undefined) continue
      const { spam, features, values } = example
      const probability = 1 / (1 + Math.exp(-logOdds(weights, bias, example)))
      const error = spam ? options.spamWeight * (probability - 1) : probability
      for (const [i, feature] of features.entries()) {
        const weight = weights[feature] ?? 0
        const gradient = error * (values[i] ?? 0) + options.ridge * weight
        squares[feature] = (squares[feature] ?? 0) + gradient ** 2
        weights[feature] = weight - (rate * gradient) / Math.sqrt(squares[feature] ?? 1)
      }
      biasSquares += error ** 2
      bias -= (rate * error) / Math.sqrt(biasSquares)
    }
  }
  return { weights, bias }
}

function logOdds(weights: Float64Array, bias: number, { features, values }: Example): number {
  return features.reduce((sum, feature, i) => sum + (weights[feature] ?? 0) * (values[i] ?? 0), bias)
}
