/** What the dashboard costs the browser that shows it: figures, and limits they stay under. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CDPSession, Page } from 'playwright-core'
import { noBrowser, openBrowser } from '../harness/browser.ts'
import { unlessLong } from '../harness/long-form.ts'
import { openFeed, type Feed } from './feed.ts'

const [services, metrics, rollouts] = [50, 10, 10_000]
const watchedSeconds = 20
const hour = 3_600
const loads = 8

async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/login#code`)
  await page.locator('.service').first().waitFor()
}

async function busySeconds(cdp: CDPSession): Promise<number> {
  const { metrics: all } = await cdp.send('Performance.getMetrics')
  return all.find(({ name }) => name === 'TaskDuration')?.value ?? 0
}

async function heapMegabytes(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage')
  return (await cdp.send('Runtime.getHeapUsage')).usedSize / 1e6
}

/** The part of its time for which the main thread works, while figures come once a second. */
async function busyPercent(cdp: CDPSession, feed: Feed): Promise<number> {
  const [begun, before] = [performance.now(), await busySeconds(cdp)]
  for (let i = 0; i < watchedSeconds; i += 1) {
    feed.beat()
    await sleep(1_000)
  }
  return (100 * 1_000 * ((await busySeconds(cdp)) - before)) / (performance.now() - begun)
}

/** How much longer everything takes than it would on a machine that does nothing else: at least 1. */
function stretch(): number {
  const [begun, before] = [performance.now(), process.cpuUsage()]
  const usedMs = () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }
  while (usedMs() < 300);
  return Math.max(1, (performance.now() - begun) / usedMs())
}

/** How long it takes until every service can be read and opened: the best of several, for what else the machine does is not the page’s doing. */
async function firstViewMs(page: Page, url: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < loads; i += 1) {
    const begun = performance.now()
    await page.goto(url)
    await page
      .locator('.service')
      .nth(services - 1)
      .waitFor()
    times.push(performance.now() - begun)
  }
  return Math.min(...times)
}

test('ten thousand rollouts of the past are listed without a pause', { skip: noBrowser }, async () => {
  await using feed = await openFeed({ services: 2, metrics: 1, rollouts })
  await using browser = await openBrowser()
  const { page } = browser
  await logIn(page, feed.url)
  await page.evaluate(`
    globalThis.longest = 0
    new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration) })
      .observe({ entryTypes: ['longtask'] })`)
  await page.getByRole('link', { name: 'History' }).click()
  await page.locator('tbody tr').first().waitFor()
  // To the end of ten pages, as fast as one can.
  const rows = () => page.locator('tbody tr').count()
  while ((await rows()) < 2_000) await page.mouse.wheel(0, 20_000)
  assert.equal(await page.locator('tbody tr').first().locator('a').textContent(), `shop-${rollouts}`)
  const longestMs = Number(await page.evaluate('globalThis.longest'))
  console.log(`${await rows()} rows; the longest pause was ${longestMs.toFixed(0)} ms`)
  // Without pages it is many seconds.
  const limitMs = 1_000 * stretch()
  assert.ok(longestMs < limitMs, `a pause of ${longestMs} ms, more than ${limitMs}`)
})

test(
  'fifty live rollouts of ten metrics leave the main thread idle, and memory flat over an hour',
  { skip: noBrowser || unlessLong, timeout: 1_200_000 },
  async () => {
    await using feed = await openFeed({ services, metrics, rollouts: 1 })
    await using browser = await openBrowser()
    const { page } = browser
    const cdp = await browser.context.newCDPSession(page)
    // In time of its own processor: what else runs is not counted.
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
    await logIn(page, feed.url)
    const limitMs = 1_000 * stretch()
    const firstMs = await firstViewMs(page, feed.url)
    console.log(`the first view stood after ${firstMs.toFixed(0)} ms; ${limitMs.toFixed(0)} were allowed`)
    feed.beat()
    await sleep(1_000)
    const list = await busyPercent(cdp, feed)
    await page.goto(`${feed.url}/services/service-0`)
    await page.locator('.tile').first().waitFor()
    const one = await busyPercent(cdp, feed)
    console.log(`main thread busy: ${list.toFixed(1)} % with the list, ${one.toFixed(1)} % with one rollout`)
    // An hour, as fast as the page takes it; the first ten minutes fill what is kept.
    const sizes: number[] = []
    for (let i = 0; i <= hour; i += 1) {
      feed.beat()
      await sleep(20)
      if (i % 600 === 0) sizes.push(await heapMegabytes(cdp))
    }
    console.log(`heap every ten minutes: ${sizes.map((size) => size.toFixed(1)).join(', ')} MB`)
    assert.ok(firstMs < limitMs, `the first view took ${firstMs} ms`)
    assert.ok(list < 20 && one < 20, `busy: ${list} %, ${one} %`)
    const [full = 0, last = 0] = [sizes[1], sizes.at(-1)]
    assert.ok(last < full + 10, `from ${full} to ${last} MB`)
  },
)
