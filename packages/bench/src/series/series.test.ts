import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { corpusFolder, readCorpus } from './corpus.ts'
import { series } from './series.ts'

const folder = corpusFolder()
const skip = readCorpus(folder) === null ? `The labelled series are not in ${folder}.` : false

test('without the labelled series nothing is measured, and that is said', async () => {
  assert.equal(readCorpus(join(import.meta.dirname, 'nowhere')), null)
  const before = process.env['SERIN_NAB']
  process.env['SERIN_NAB'] = join(import.meta.dirname, 'nowhere')
  try {
    const { broken, json } = await series.run({ effort: 1, progress: () => {} })
    assert.match(broken.join(), /No labelled series/)
    assert.deepEqual((json as { detectors: unknown[] }).detectors, [])
  } finally {
    if (before === undefined) delete process.env['SERIN_NAB']
    else process.env['SERIN_NAB'] = before
  }
})

test('the default is the detector that scores highest, far above silence', { skip }, async () => {
  const { broken, json } = await series.run({ effort: 1, progress: () => {} })
  assert.deepEqual(broken, [])
  const { detectors } = json as { detectors: { name: string; score: number }[] }
  assert.ok((detectors[0]?.score ?? 0) > 50)
})
