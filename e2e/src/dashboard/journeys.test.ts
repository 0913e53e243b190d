/** What a person does in the dashboard, in a real browser, with real processes under load. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@serin/sdk'
import { noBrowser, openBrowser } from '../harness/browser.ts'
import { freePort } from '../harness/free-port.ts'
import { onStep, over, why } from '../harness/scenes.ts'
import { openStage } from '../harness/stage.ts'
import { until } from '../harness/until.ts'
import { assertAccessible, assertFits } from './accessible.ts'
import { assertEveryPage } from './every-page.ts'
import { logIn, urlOf } from './log-in.ts'

const steps = '{ kind: canary, steps: [{ weight: 10%, hold: 2s }, { weight: 50%, hold: 1h }] }'
const gated =
  '{ kind: canary, steps: [{ weight: 10%, hold: 1s, gates: [{ kind: approval, name: product }] }, { weight: 50%, hold: 1h }] }'
const bad = '{ env: { FAIL_RATIO: "0.6" } }'

test('journeys through the dashboard', { skip: noBrowser, timeout: 400_000 }, async (t) => {
  await using stage = await openStage(
    {
      shop: { strategy: steps, versions: { v1: '{}', v2: '{}', bad } },
      mail: { strategy: gated },
    },
    60,
    ['--port', String(await freePort())],
  )
  await using browser = await openBrowser()
  const { page } = browser
  const url = urlOf(stage)
  const [shop, mail] = [stage.actor('shop'), stage.actor('mail')]

  await t.test('a link logs in, once', async () => {
    await page.goto(url)
    await page.getByText('serin dashboard').waitFor()
    const { path } = await stage.client.createLoginLink({})
    await page.goto(`${url}${path}`)
    await page.getByRole('heading', { name: 'Services' }).waitFor()
    assert.ok(!page.url().includes('serin_'), 'the code does not stay in the address bar')
    await using other = await browser.another()
    await other.page.goto(`${url}${path}`)
    await other.page.getByText('This link is not good any more').waitFor()
  })

  await t.test('a bad release is seen being rolled back', async () => {
    await page.getByRole('link', { name: /shop/ }).click()
    await page.getByText('there has been no rollout yet').waitFor()
    await stage.client.release({ service: 'shop', to: 'bad', why })
    await page.getByRole('heading', { name: /Watching bad at 10 %/ }).waitFor()
    await page.getByRole('heading', { name: /bad was rolled back/ }).waitFor()
    await page.getByRole('article', { name: 'errors' }).getByText('harm', { exact: true }).waitFor()
    assert.match(await page.title(), /^■ rolled back · shop$/)
    const icon = await page.locator('link[rel=icon]').getAttribute('href')
    assert.match(icon ?? '', /^data:image\/svg\+xml,.*%23c62f25/, 'the tab has the colour of harm')
    await shop.rolloutIs('rolled back', over('rolled-back'))
  })

  await t.test('a good release is held and resumed with the keyboard alone, and rolled back by hand', async () => {
    await stage.client.release({ service: 'shop', to: 'v2', why })
    await shop.rolloutIs('on its first step', onStep(0))
    await page.keyboard.press('o')
    await page.locator('.services').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('sho')
    await page.keyboard.press('Tab')
    await page.getByRole('heading', { name: 'Services' }).waitFor()
    assert.match(page.url(), /\?q=sho/)
    // Past the three filters to the one service that is left.
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: /Watching v2 at 10 %/ }).waitFor()
    await page.keyboard.press('h')
    await page.getByRole('dialog').getByText('Canary stays at 10 %').waitFor()
    await page.keyboard.type('lunch')
    await page.keyboard.press('Enter')
    const held = await shop.rolloutIs('held', over('holding'))
    assert.deepEqual([held.by, held.why], ['admin', 'lunch'])
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    await page.keyboard.press('h')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Enter')
    await shop.rolloutIs('on its second step', onStep(1))
    await page.getByRole('button', { name: 'Roll back' }).click()
    await page.getByText('All traffic goes back to v1').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click()
    await shop.rolloutIs('rolled back', over('rolled-back'))
    await page.getByRole('heading', { name: /v2 was rolled back/ }).waitFor()
  })

  await t.test('a rollout of the past is replayed as it happened', async () => {
    await page.goto(`${url}/history?q=bad`)
    await page.getByRole('link', { name: 'shop-1' }).click()
    await page.getByRole('heading', { name: /bad was rolled back/ }).waitFor()
    const slider = page.getByRole('slider')
    await slider.focus()
    await page.keyboard.press('Home')
    await page.getByRole('heading', { name: /bad was rolled back/ }).waitFor({ state: 'hidden' })
    assert.match(page.url(), /\/rollouts\/shop-1\?at=\d+$/)
    // The address is enough to see the same moment again.
    await page.reload()
    await page.getByRole('slider').waitFor()
    assert.equal(await page.getByRole('heading', { name: /bad was rolled back/ }).count(), 0)
    await page.getByRole('button', { name: 'Play' }).click()
    await page.getByRole('heading', { name: /Watching bad at 10 %/ }).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Back to the end' }).click()
    await page.getByRole('heading', { name: /bad was rolled back/ }).waitFor()
    await page.waitForURL(/\/rollouts\/shop-1$/)
  })

  await t.test('a click on a step that is over does nothing', async () => {
    await stage.client.retry({ rollout: 'shop', why })
    await shop.rolloutIs('on its first step', onStep(0))
    await page.goto(`${url}/services/shop`)
    await page.locator('li[aria-current=step]', { hasText: '10 %' }).waitFor()
    await page.getByText('More', { exact: true }).click()
    await page.getByRole('button', { name: 'Promote to the next step' }).click()
    await page.getByLabel('Reason').fill('in a hurry')
    await stage.client.promote({ rollout: 'shop', why })
    await shop.rolloutIs('on its second step', onStep(1))
    await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    assert.equal((await shop.rollout()).step, 1)
    await page.getByRole('button', { name: 'Cancel' }).click()
  })

  await t.test('a gate is approved, the rest is promoted with a reason, and all of it undone', async () => {
    await stage.client.release({ service: 'mail', to: 'v2', why })
    await mail.rolloutIs('asked for approval', ({ gate }) => gate !== null)
    await page.getByRole('link', { name: /Gates/ }).click()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await mail.rolloutIs('past the gate', onStep(1))
    await page.getByText('No gate waits for anything.').waitFor()
    await page.goto(`${url}/services/mail`)
    await page.getByText('More', { exact: true }).click()
    await page.getByRole('button', { name: 'Promote to all traffic' }).click()
    const promote = page.getByRole('dialog').getByRole('button', { name: 'Promote' })
    await promote.click({ force: true })
    assert.equal((await mail.rollout()).step, 1, 'nothing is done without a reason')
    await page.getByLabel('Reason').fill('the fair is over')
    await promote.click()
    await mail.rolloutIs('promoted', over('promoted'))
    await page.getByRole('heading', { name: /v2/ }).first().waitFor()
    await page.getByText('More', { exact: true }).click()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click()
    await until(
      'mail to be back at v1',
      async () => (await stage.client.getService({ service: 'mail' })).stable === 'v1',
    )
  })

  await t.test('who may not is told why', async () => {
    const { secret } = await stage.client.createToken({ name: 'ada', role: 'viewer' })
    await using other = await browser.another({ width: 390, height: 844 })
    await logIn(other.page, url, createClient({ url, token: secret }))
    await other.page.goto(`${url}/services/shop`)
    await other.page.getByText('Your role is viewer; this needs operator.').first().waitFor()
    await other.page.getByRole('button', { name: 'Hold' }).click({ force: true })
    assert.equal(await other.page.getByRole('dialog').count(), 0)
    await assertFits(other.page, 'a rollout on a phone')
  })

  await t.test('a lost connection is said, what is shown is greyed, and it comes back by itself', async () => {
    await page.goto(`${url}/services/shop`)
    await page.getByRole('heading', { name: /Watching v2 at 50 %/ }).waitFor()
    await stage.controlPlane.kill()
    await page.getByText(/Connection lost\. Last heard/).waitFor()
    assert.equal(await page.locator('main.old').count(), 1)
    await assertAccessible(page, 'a rollout, disconnected')
    await page.keyboard.press('h')
    assert.equal(await page.getByRole('dialog').count(), 0)
    await stage.controlPlane.start()
    await page.getByText(/Connection lost/).waitFor({ state: 'hidden' })
    await page.keyboard.press('h')
    await page.getByRole('dialog').getByRole('button', { name: 'Hold' }).click()
    await shop.rolloutIs('held', over('holding'))
  })

  await t.test('a number says where it comes from', async () => {
    await page.getByRole('article', { name: 'errors' }).getByRole('button').first().click()
    const dialog = page.getByRole('dialog')
    for (const said of ['Counted', 'Interval', 'Method', /serin explain shop-\d+/])
      await dialog.getByText(said).waitFor()
    await assertAccessible(page, 'a number traced')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  await t.test('in Chinese even what evidence decided is Chinese', async () => {
    await page.goto(`${url}/settings`)
    await page.getByRole('button', { name: '中文' }).click()
    await page.locator('html[lang^=zh]').waitFor()
    for (const [path, said] of [
      ['/rollouts/shop-1', /bad 已回滚（有害）；v1 承担全部流量/],
      ['/services/shop', /admin 将 v2 暂停于 50 %/],
    ] as const) {
      await page.goto(`${url}${path}`)
      await page.getByRole('heading', { name: said }).waitFor()
      const english = page.locator('.verdict [lang=en], .rest [lang=en], .happened [lang=en]')
      assert.deepEqual(await english.allTextContents(), [], path)
    }
    await assertAccessible(page, 'a rollout in Chinese')
    await page.goto(`${url}/settings`)
    await page.getByRole('button', { name: 'English' }).click()
  })

  await t.test('a release is tried in modelled worlds, and its figures say where they come from', async () => {
    await page.goto(`${url}/services/shop/plan?to=v2`)
    await page.getByLabel('healthy').uncheck()
    await page.getByLabel('errors doubled').uncheck()
    await page.getByLabel('dead').check()
    await page.getByLabel('Releases in each').fill('3')
    await page.getByRole('button', { name: 'Simulate' }).click()
    const world = page.getByRole('article', { name: 'dead' })
    await world.getByText('rolled back: harm was seen').waitFor()
    await page.getByText('3 releases, for admin').waitFor()
    await world.getByRole('button', { name: 'How do we know?' }).click()
    await page
      .getByRole('dialog')
      .getByText(/serin simulate shop --to v2 --world dead --seeds 3/)
      .waitFor()
    await page.keyboard.press('Escape')
    // Whoever comes back finds it as it was.
    await page.reload()
    await world.waitFor()
  })

  await t.test('figures of history and journal say where they come from', async () => {
    await page.goto(`${url}/history?q=bad`)
    await page.locator('td button').first().click()
    const dialog = page.getByRole('dialog')
    for (const said of ['Counted', /errors/, /serin explain shop-1/]) await dialog.getByText(said).first().waitFor()
    await assertAccessible(page, 'a figure of the past, traced')
    await page.keyboard.press('Escape')
    await page.goto(`${url}/journal?q=judged`)
    await page.locator('.lines button').first().click()
    for (const said of ['Counted', /[0-9a-f]{64}/, /serin get journal/]) await dialog.getByText(said).first().waitFor()
    await page.keyboard.press('Escape')
  })

  await t.test('the journal is searched for a reason, and verified', async () => {
    await page.goto(`${url}/journal`)
    await page.locator('.lines > li').first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('LUNCH held')
    const lines = page.locator('.lines > li')
    await lines.filter({ hasText: 'held it lunch' }).waitFor()
    assert.equal(await lines.filter({ hasText: 'the router confirmed' }).count(), 0)
    await page.getByRole('button', { name: 'Verify the chain' }).click()
    await page.getByText(/^The chain of [\d,]+ lines is whole\.$/).waitFor()
  })

  await t.test('a token is made, shown once, and taken back', async () => {
    await page.goto(`${url}/settings`)
    await page.getByLabel('Name').fill('bob')
    await page.getByLabel('Role').selectOption('operator')
    await page.getByRole('button', { name: 'Make a token' }).click()
    await page.getByText('It is shown only now:').waitFor()
    await page.getByRole('button', { name: 'Revoke bob' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('button', { name: 'Revoke bob' }).waitFor({ state: 'detached' })
    const { tokens } = await stage.client.listTokens({})
    assert.ok(!tokens.some(({ name }) => name === 'bob'))
  })

  await t.test(
    'every page is accessible in both themes, fits a phone, and asked nobody else for anything',
    async () => {
      await assertEveryPage(page, url, [
        { path: '/', sign: '.service' },
        { path: '/services/shop', sign: '.tile' },
        { path: '/rollouts/shop-1', sign: '.replay' },
        { path: '/services/shop/plan?to=v2', sign: '.simulated' },
        { path: '/gates', sign: 'h1' },
        { path: '/history', sign: 'tbody tr' },
        { path: '/journal', sign: '.lines li' },
        { path: '/settings', sign: '.settings' },
        { path: '/services/shop/elsewhere', sign: 'h1' },
      ])
      await page.goto(`${url}/settings`)
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByText('serin dashboard').waitFor()
      await assertEveryPage(page, url, [{ path: '/', sign: '.login' }])
      assert.deepEqual(
        browser.asked.filter((each) => !each.startsWith(url) && !each.startsWith('data:')),
        [],
      )
      assert.deepEqual(
        browser.complaints.filter((each) => !/Failed to load resource|ERR_/.test(each)),
        [],
      )
    },
  )
})
