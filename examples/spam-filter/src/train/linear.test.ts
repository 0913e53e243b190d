import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openModel } from '../inference/open-model.ts'
import { readMessages } from '../messages/messages.ts'
import { createAttention } from './attention.ts'
import { probabilityOf, renderLinear, trainLinear, type Recipe } from './linear.ts'
import { pieces, words } from './tokens.ts'

const { training, heldOut } = readMessages()
const some = training.slice(0, 300)
const usual = { passes: 3, ridge: 0.01, spamWeight: 2, atLeast: 2, seed: 1 }
const recipes: Readonly<Record<string, Recipe>> = {
  words: { ...usual, tokens: words },
  pieces: { ...usual, tokens: pieces },
  attention: {
    ...usual,
    tokens: words,
    measures: createAttention(
      some.map(({ text }) => text),
      1,
    ),
  },
}

for (const [name, recipe] of Object.entries(recipes)) {
  test(`the file says what the training computed (${name})`, async () => {
    const model = trainLinear(some, recipe)
    const opened = await openModel(renderLinear(model, name))
    const texts = [...heldOut.slice(0, 300).map(({ text }) => text), '', '\n', 'Ü £5 ♥ 😀', 'y'.repeat(900)]
    for (const text of texts) {
      const [inFile = Number.NaN] = await opened.score([text])
      const computed = probabilityOf(model, text)
      assert.ok(Math.abs(inFile - computed) < 1e-5, `${JSON.stringify(text)}: ${inFile} against ${computed}`)
    }
    await opened.close()
  })
}
