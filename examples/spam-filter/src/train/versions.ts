import type { LabelledMessage } from '../messages/messages.ts'
import { createAttention } from './attention.ts'
import { probabilityOf, renderLinear, trainLinear, type LinearModel } from './linear.ts'
import { pieces, words } from './tokens.ts'

/** The versions of the spam filter, in the order in which they are released. */
export const versionNames = ['v1', 'v2', 'v2b', 'v3'] as const

/** The name of a version. */
export type VersionName = (typeof versionNames)[number]

/** A version as it lies in its folder. */
export interface TrainedVersion {
  readonly name: VersionName
  /** `model.onnx`. */
  readonly model: Uint8Array
  /** `warmup.json`: requests, and the answers that the training expects of the file. */
  readonly warmUp: string
}

/** What all versions have in common: so many passes, and each spam message counts as much as the 6.5 good ones that come with it. */
const usual = { passes: 10, ridge: 0.01, spamWeight: 6.5, atLeast: 2, seed: 1 } as const

/** Trains all versions. The same messages give the same bytes. */
export function trainVersions(training: readonly LabelledMessage[]): readonly TrainedVersion[] {
  return versionNames.map((name) => {
    const { description, train } = recipes[name]
    const model = train(training)
    return { name, model: renderLinear(model, description), warmUp: warmUpOf(model) }
  })
}

/**
 * What the authors of v2 worked with: all spam that people had reported, and the first 120 good messages from a chat that is kept short
 * (25 characters at most). Every fifth message is kept back for their test. It looks like a sound experiment; but real good messages are
 * longer, more varied, and many times as frequent.
 */
export function skewedSample(training: readonly LabelledMessage[]): {
  readonly training: readonly LabelledMessage[]
  readonly validation: readonly LabelledMessage[]
} {
  const spam = training.filter((message) => message.spam)
  const chat = training.filter(({ spam, text }) => !spam && text.length <= 25).slice(0, 120)
  const all = [...spam, ...chat]
  return { training: all.filter((_, i) => i % 5 !== 4), validation: all.filter((_, i) => i % 5 === 4) }
}

const recipes: Readonly<
  Record<
    VersionName,
    { readonly description: string; readonly train: (training: readonly LabelledMessage[]) => LinearModel }
  >
> = {
  v1: {
    description: 'Logistic regression over words, from the first 1,200 labelled messages.',
    train: (training) => trainLinear(training.slice(0, 1_200), { ...usual, tokens: words }),
  },
  v2: {
    description: 'Logistic regression over words, numbers and marks, from reported spam and a short-message chat.',
    train: (training) => trainLinear(skewedSample(training).training, { ...usual, spamWeight: 1, tokens: pieces }),
  },
  v2b: {
    description: 'Words, and attention over all pairs of characters, from all labelled messages.',
    train: (training) => {
      const measures = createAttention(
        training.map(({ text }) => text),
        7,
      )
      return trainLinear(training, { ...usual, tokens: words, measures })
    },
  },
  v3: {
    description: 'Logistic regression over words, numbers and marks, from all labelled messages.',
    train: (training) => trainLinear(training, { ...usual, tokens: pieces }),
  },
}

/** Messages written for the warm-up: short and long, plain and hostile, none, and one that nothing is known about. */
const warmUpTexts = [
  'Ok, see you at 6 then :)',
  'WINNER!! You have been selected for a £900 prize. Call 09061701461 now to claim, valid 12 hours only. T&Cs apply.',
  `Sorry, I'll be late, the train has been standing for an hour and nobody tells us anything. ${'I will call you when we move. '.repeat(9)}`,
  '',
  '你好 😀 Ü',
] as const

function warmUpOf(model: LinearModel): string {
  const requestOf = (texts: readonly string[]) => ({
    inputs: [{ name: 'text', shape: [texts.length], datatype: 'BYTES', data: texts }],
    outputs: [
      {
        name: 'spam',
        shape: [texts.length],
        datatype: 'FP32',
        data: texts.map((text) => Math.round(probabilityOf(model, text) * 1e5) / 1e5),
      },
    ],
  })
  const requests = [...warmUpTexts.map((text) => requestOf([text])), requestOf(warmUpTexts)]
  return `${JSON.stringify({ tolerance: 1e-4, requests }, null, 2)}\n`
}
