import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@serin/sdk'
import type { Page } from 'playwright-core'
import type { Stage } from '../harness/stage.ts'

/** Where the control plane of a stage answers now. */
export function urlOf({ controlPlane }: Pick<Stage, 'controlPlane'>): string {
  const text = readFileSync(join(controlPlane.dataDirectory, 'control-plane.json'), 'utf8')
  return (JSON.parse(text) as { url: string }).url
}

/** Logs a page in with a one-time link, as whoever the client is, and waits for the list of services. */
export async function logIn(page: Page, url: string, client: Client): Promise<void> {
  const { path } = await client.createLoginLink({})
  await page.goto(`${url}${path}`)
  await page.locator('.services').waitFor()
}
