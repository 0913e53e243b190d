import assert from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'

const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

interface Found {
  readonly violations: readonly {
    readonly id: string
    readonly help: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
  }[]
}

/** Another theme is other colours, and nothing else. */
const colours = ['color-contrast', 'link-in-text-block']

/** Fails with every violation axe finds on the page as it is; of a page that was seen in another theme only what its colours can break is looked at. */
export async function assertAccessible(page: Page, where: string, only: 'all' | 'colours' = 'all'): Promise<void> {
  if (!(await page.evaluate('typeof globalThis.axe === "object"'))) await page.evaluate(axe.source)
  const { violations } = await page.evaluate<Found>(
    `axe.run(document, { runOnly: ${JSON.stringify(only === 'all' ? standards : colours)}, resultTypes: ['violations'] })`,
  )
  const said = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`),
  )
  if (said.length > 0) throw new Error(`${where}, ${said.length} violations:\n${said.slice(0, 8).join('\n')}`)
}

/** Fails when a page can be scrolled sideways. */
export async function assertFits(page: Page, where: string): Promise<void> {
  const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  assert.equal(over, 0, `${where} is ${String(over)} px wider than the screen`)
}
