/** The live view in a real terminal, beside a real control plane. A machine without tmux skips it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import type { JournalLine } from '@serin/sdk'
import type { Rollout } from '@serin/spec'
import { openWorld, type World } from '../testing/control-plane.ts'
import { Terminal } from '../testing/terminal.ts'

const skip = spawnSync('tmux', ['-V']).status === 0 ? false : 'tmux is not installed'
const steps =
  '{ kind: canary, steps: [{ weight: 10%, hold: 1h }, { weight: 20%, hold: 1h }, { weight: 50%, hold: 1h }] }'

let world: World
before(async () => {
  world = await openWorld({ strategy: steps })
  await world.serin('apply')
})
after(() => world.close())

async function released(): Promise<void> {
  await world.serin('release shop --to v2')
  await world.until('status shop', ({ stdout }) => stdout.includes('at 10 %'))
}
const rollout = () => world.json<Rollout>('explain shop')
async function acts(): Promise<readonly string[]> {
  const { entries } = await world.json<{ entries: readonly JournalLine[] }>('get journal shop -n 100')
  return entries.map(({ kind }) => kind)
}
const escape = '\u001B'
const atRest = /q quit · \? help/

test('keys ask, name the effect, and do what was agreed to; the last picture stays', { skip }, async () => {
  await released()
  const terminal = await Terminal.open({ cwd: world.directory, line: 'serin watch shop' })
  try {
    const first = await terminal.until(atRest)
    for (const part of ['shop-1 · v1 → v2', 'STEPS', '▶    10 %', 'errors', 'release of v2', 'h hold · r roll back'])
      assert.ok(first.includes(part), `${part} in\n${first}`)
    await terminal.press('h')
    await terminal.until(/Hold\? v2 stays at 10 % until somebody resumes it/)
    await terminal.press('n')
    await terminal.until(/Nothing was done\./)
    assert.equal((await rollout()).phase, 'watching')
    await terminal.press('h', 'y')
    await terminal.until(/Holding v2 at 10 %/)
    await terminal.press('h')
    await terminal.until(/Resume\? v2 goes on from 10 %, as the plan says\./)
    await terminal.press('Y')
    await terminal.until(/h hold/)
    await terminal.press('p')
    await terminal.until(/Promote past step 1\? v2 goes from 10 % to 20 % in about 2 s, before the evidence/)
    await terminal.press('Enter')
    await terminal.type('checked by hand')
    await terminal.press('BSpace', 'd', 'Enter')
    await terminal.until(/▶ {4}20 %/)
    await terminal.press('r')
    await terminal.until(/Roll back\? v2 goes from 20 % to 0 % in about 2 s; v1 has all traffic\./)
    await terminal.press('Escape')
    await terminal.until(/Nothing was done\./)
    await terminal.press('?')
    await terminal.until(/Every key asks first/)
    await terminal.press('q')
    const last = await terminal.until(/exit: 0/)
    assert.doesNotMatch(last, /q quit/)
    assert.match(last, /serin promote shop --step 2/)
    assert.deepEqual(await terminal.isGivenBack(), { cursor: true, echo: true })
    const promoted = await world.json<{ entries: readonly JournalLine[] }>('get journal shop-1 -n 100')
    assert.equal(promoted.entries.find(({ kind }) => kind === 'rollout.promote')?.data['why'], 'checked by hand')
  } finally {
    await terminal.close()
  }
})

test('a key pressed at one step moves nothing at another', { skip }, async () => {
  const terminal = await Terminal.open({ cwd: world.directory, line: 'serin watch shop' })
  try {
    await terminal.until(atRest)
    const before = (await acts()).filter((kind) => kind === 'rollout.promote').length
    await terminal.press('p')
    await terminal.until(/Promote past step 2\?/)
    await world.serin('jump shop --to 1')
    await terminal.until(/It is at step 1 meanwhile\. Nothing was done\./)
    await terminal.press('Enter')
    await terminal.press('r')
    await terminal.until(/Roll back\?/)
    await terminal.press('y')
    await terminal.until(/was rolled back|rolled back/)
    assert.equal((await acts()).filter((kind) => kind === 'rollout.promote').length, before)
    await terminal.until(/serin retry|^ {2}q quit · \? help/m)
    await terminal.press('r')
    await terminal.until(/There is nothing to roll back: it is rolled-back\./)
  } finally {
    await terminal.close()
  }
})

test(
  'each picture is one change of the screen, also when the terminal is made smaller; Ctrl-C gives it back',
  { skip },
  async () => {
    await world.serin('retry shop')
    await world.until('status shop', ({ stdout }) => stdout.includes('at 10 %'))
    const terminal = await Terminal.open({ cwd: world.directory, line: 'serin watch shop' })
    try {
      await terminal.until(atRest)
      await terminal.resize(56, 18)
      const small = await terminal.until((screen) => {
        const lines = screen.split('\n')
        return lines[0]?.startsWith('▲') === true && lines.every((line) => line.length <= 56) && atRest.test(screen)
      })
      assert.equal(small.match(/STEPS/g)?.length, 1, small)
      assert.ok(small.split('\n').length <= 18, small)
      await terminal.resize(120, 50)
      const large = await terminal.until((screen) => /harm ╌/.test(screen) && atRest.test(screen))
      assert.equal(large.match(/STEPS/g)?.length, 1, large)
      await terminal.press('C-c')
      await terminal.until(/exit: 0/)
      assert.deepEqual(await terminal.isGivenBack(), { cursor: true, echo: true })
      const raw = terminal.raw()
      const frames = raw.split(`${escape}[?2026h`).slice(1)
      assert.ok(frames.length >= 3)
      // Whatever is between two pictures would be seen by itself.
      for (const frame of frames.slice(0, -1)) assert.ok(frame.endsWith(`${escape}[?2026l`), JSON.stringify(frame))
      assert.ok(!raw.includes(`${escape}[?1049h`), 'the other screen would leave nothing behind')
    } finally {
      await terminal.close()
    }
  },
)

test('SIGTERM and a mistake of ours give the terminal back as well', { skip }, async () => {
  const mistake = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("a mistake of ours")})'
  for (const signal of ['SIGTERM', 'SIGUSR2'] as const) {
    const terminal = await Terminal.open({
      cwd: world.directory,
      line: 'serin watch shop',
      rows: 18,
      node: ['--import', mistake],
    })
    try {
      await terminal.until(atRest)
      assert.equal((await terminal.isGivenBack()).cursor, false)
      for (const pid of await terminal.processes()) process.kill(pid, signal)
      // What it says first stays to be read above the prompt.
      await terminal.until(signal === 'SIGTERM' ? /^▲ [^]*exit: 0/ : /a mistake of ours[^]*exit: [1-9]/)
      assert.deepEqual(await terminal.isGivenBack(), { cursor: true, echo: true })
    } finally {
      await terminal.close()
    }
  }
})

test('in CI and without a terminal there are lines; a locale of ASCII and NO_COLOR are kept to', { skip }, async () => {
  const ci = await Terminal.open({ cwd: world.directory, line: 'serin watch shop', env: { CI: 'true' } })
  const plain = await Terminal.open({
    cwd: world.directory,
    line: 'serin watch shop',
    env: { LC_ALL: 'C', NO_COLOR: '1' },
  })
  try {
    const lines = await ci.until(/\d\d:\d\d:\d\d ▲ /)
    assert.doesNotMatch(lines, /STEPS|q quit/)
    await ci.press('C-c')
    await ci.until(/exit: 0/)
    assert.ok(!ci.raw().includes(`${escape}[?2026h`))
    const ascii = await plain.until(/q quit \. \? help/)
    assert.match(ascii, /^[\u0020-\u007E\n]*$/)
    assert.match(ascii, /shop-1 \(attempt 2\) \. v1 > v2/)
    assert.ok(!plain.raw().includes(`${escape}[1m`) && !plain.raw().includes(`${escape}[2m`))
  } finally {
    await Promise.all([ci.close(), plain.close()])
  }
})

test(
  'status -w has the same view and keys; leaving it is an interruption, and the rollout goes on',
  { skip },
  async () => {
    const terminal = await Terminal.open({ cwd: world.directory, line: 'serin status shop -w' })
    try {
      await terminal.until(atRest)
      await terminal.press('q')
      await terminal.until(/exit: 130/)
      assert.equal((await rollout()).phase, 'watching')
    } finally {
      await terminal.close()
    }
  },
)
