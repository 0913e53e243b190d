import type { Page } from 'playwright-core'
import { assertAccessible, assertFits } from './accessible.ts'

/** Every page of the dashboard, and what has to be seen before it is judged. */
export interface Where {
  readonly path: string
  readonly sign: string
}

/** Fails with what axe finds on any page, in either theme (in the dark one: in its colours), and with any page that is wider than a phone. */
export async function assertEveryPage(page: Page, url: string, pages: readonly Where[]): Promise<void> {
  const size = page.viewportSize()
  for (const { path, sign } of pages) {
    await page.goto(`${url}${path}`)
    await page.locator(sign).first().waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await assertAccessible(page, `${path}, ${colorScheme}`, colorScheme === 'light' ? 'all' : 'colours')
    }
    await page.setViewportSize({ width: 390, height: 844 })
    await assertFits(page, `${path} on a phone`)
    if (size !== null) await page.setViewportSize(size)
  }
  await page.emulateMedia({ colorScheme: 'light' })
}
