/** The house rules, as tests that read this repository. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkBoundaries } from '../boundaries/check.ts'
import { formatFindings } from '../finding.ts'
import { readRepository } from '../repository.ts'
import { checks } from './all.ts'

const repository = readRepository()

describe('tidy', () => {
  for (const check of checks) {
    it(check.promise, async () => {
      const findings = await check.find(repository)
      assert.ok(
        findings.length === 0,
        `\n${formatFindings(findings)}\n(npm run tidy -- --write mends what can be mended.)`,
      )
    })
  }

  it('only the arrows of the house are imported', () => {
    const findings = checkBoundaries(repository)
    assert.ok(findings.length === 0, `\n${formatFindings(findings)}`)
  })
})
