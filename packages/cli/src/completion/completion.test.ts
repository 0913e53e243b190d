/** The scripts in real shells, asking a real control plane, and the Tab key itself in a terminal. A shell that is not installed is skipped. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openWorld, type World } from '../testing/control-plane.ts'
import { run } from '../testing/run.ts'
import { Terminal } from '../testing/terminal.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0
const skipUnless = (shell: string) => (isInstalled(shell) ? false : `${shell} is not installed`)

let world: World
before(async () => {
  world = await openWorld()
  const file = join(world.directory, 'serin.yaml')
  const one = readFileSync(file, 'utf8')
  writeFileSync(file, one + one.slice(one.indexOf('  shop:')).replace('  shop:', '  web:'))
  assert.equal((await world.serin('apply')).code, 0)
  mkdirSync(join(world.directory, 'bin'))
  const wrapper = join(world.directory, 'bin', 'serin')
  writeFileSync(wrapper, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(wrapper, 0o755)
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(world.directory, `completion.${shell}`), (await run(['completion', shell])).stdout)
})
after(() => world.close())

const shellEnv = () => ({
  PATH: `${join(world.directory, 'bin')}:${process.env['PATH'] ?? ''}`,
  HOME: world.directory,
})

async function inShell(shell: string, script: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(shell, ['-c', script], {
    cwd: world.directory,
    env: { ...process.env, ...shellEnv() },
  })
  return stdout.split('\n').filter((line) => line !== '')
}

/** What bash offers for the last of the words. */
async function bash(...words: readonly string[]): Promise<readonly string[]> {
  const list = words.map((word) => `'${word}'`).join(' ')
  return await inShell(
    'bash',
    `COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'; source ./completion.bash; COMP_WORDS=(serin ${list}); COMP_CWORD=${words.length}; _serin; printf '%s\\n' "\${COMPREPLY[@]}"`,
  )
}

/** What fish offers at the end of a line. */
async function fish(line: string): Promise<readonly string[]> {
  const offers = await inShell('fish', `source ./completion.fish; complete -C '${line}'`)
  return offers.map((offer) => offer.split('\t')[0] ?? '')
}

test('bash completes commands, options, choices and live names', { skip: skipUnless('bash') }, async () => {
  assert.deepEqual(await bash('re'), ['release', 'release-set', 'resume', 'retry', 'report'])
  assert.deepEqual(await bash('release', '--w'), ['--wait', '--why'])
  assert.deepEqual(await bash('get', 'ser'), ['services'])
  assert.deepEqual(await bash('status', '-o', 'j'), ['json'])
  assert.deepEqual(await bash('-o', 'json', 'journal', ''), ['verify'])
  assert.deepEqual(await bash('to'), ['token'])
  assert.deepEqual(await bash('token', ''), ['create', 'list', 'revoke'])
  assert.deepEqual(await bash('token', '--s'), ['--show'])
  assert.deepEqual(await bash('token', 'create', 'ada', '--role', 'de'), ['deployer'])
  assert.deepEqual(await bash('token', 'revoke', '--w'), ['--why'])
  assert.deepEqual((await bash('apply', '-f', 'serin.')).toSorted(), ['serin.yaml'])
  assert.deepEqual(await bash('abort', 's'), ['shop'])
  assert.deepEqual(await bash('release', 'shop', '--wait', '--to', ''), ['v1', 'v2', 'v3'])
  // As bash itself splits --to=v2.
  assert.deepEqual(await bash('release', 'shop', '--to', '=', 'v2'), ['v2'])
  assert.deepEqual(await bash('release', 'shop', '--to', '='), ['v1', 'v2', 'v3'])
  assert.deepEqual(await bash('release', '--data', '/nowhere', ''), [])
})

test('what -o takes is offered per command', { skip: skipUnless('bash') }, async () => {
  assert.deepEqual(await bash('report', '-o', ''), ['text', 'wide', 'json', 'yaml', 'html', 'md'])
  assert.deepEqual(await bash('get', 'rollouts', '--output', 'n'), ['name'])
  assert.deepEqual(await bash('status', '-o', ''), ['text', 'wide', 'json', 'yaml'])
  if (isInstalled('fish')) assert.deepEqual(await fish('serin report -o h'), ['html'])
  assert.match((await run(['completion', 'zsh'])).stdout, /\(text wide json yaml html md\)/)
})

test('fish does the same', { skip: skipUnless('fish') }, async () => {
  assert.deepEqual(await fish('serin rel'), ['release', 'release-set'])
  assert.deepEqual(await fish('serin status -o j'), ['json'])
  assert.deepEqual(await fish('serin release --wa'), ['--wait'])
  assert.deepEqual(await fish('serin journal '), ['verify'])
  assert.deepEqual(await fish('serin token '), ['create', 'list', 'revoke'])
  assert.deepEqual(await fish('serin token create ada --role de'), ['deployer'])
  assert.deepEqual(await fish('serin token revoke --w'), ['--why'])
  assert.deepEqual(await fish('serin release shop --to '), ['v1', 'v2', 'v3'])
})

test('zsh takes the script for its own and gets live names', { skip: skipUnless('zsh') }, async () => {
  const script = `autoload -Uz compinit; compinit -u -D; source ./completion.zsh; print $_comps[serin]
    compadd() { print -l $names }; words=(serin release --to); line=(shop); _serin_versions`
  assert.deepEqual(await inShell('zsh', script), ['_serin', 'v1', 'v2', 'v3'])
})

test('older rollouts and coupled releases are offered, and bash splits none at its colon', async () => {
  assert.equal((await world.serin('release-set shop=v2 web=v2')).code, 0)
  assert.equal((await world.serin('abort release:1 --why test')).code, 0)
  await world.until('release shop --to v3', ({ code }) => code === 0)
  await world.until('get rollouts shop', ({ stdout }) => stdout.includes('shop-1') && stdout.includes('shop-2'))
  if (isInstalled('bash')) {
    assert.deepEqual((await bash('explain', 'shop-')).toSorted(), ['shop-1', 'shop-2'])
    // As bash itself splits them: what stands before the colon stays on the line.
    assert.deepEqual(await bash('abort', 'rel'), ['release:1'])
    assert.deepEqual(await bash('abort', 'release', ':', '1'), ['1'])
    assert.deepEqual(await bash('pause', 'release', ':', '1', '--w'), ['--why'])
    assert.deepEqual(await bash('explain', 'rel'), [])
  }
  if (isInstalled('fish')) {
    assert.deepEqual(await fish('serin abort release:'), ['release:1'])
  }
  if (isInstalled('zsh')) {
    const script = 'source ./completion.zsh; compadd() { print -l $names }; words=(serin abort); _serin_targets'
    assert.ok((await inShell('zsh', script)).includes('release:1'))
  }
})

/** How a shell starts without anybody's settings, takes the script, and shows several offers. */
const shells = {
  bash: { start: 'bash --norc --noprofile', take: 'PS1="> "; source completion.bash', list: ['Tab', 'Tab'] },
  zsh: {
    start: 'zsh -f',
    take: 'PS1="> "; autoload -Uz compinit; compinit -u -D; source completion.zsh',
    list: ['Tab'],
  },
  fish: {
    start: 'fish --no-config',
    take: 'function fish_prompt; echo "> "; end; source completion.fish',
    list: ['Tab'],
  },
} as const

for (const [shell, { start, take, list }] of Object.entries(shells)) {
  const skip = spawnSync('tmux', ['-V']).status === 0 ? skipUnless(shell) : 'tmux is not installed'
  test(`the Tab key in ${shell}: commands, options, files and live names; the line runs`, { skip }, async () => {
    const terminal = await Terminal.open({ cwd: world.directory, line: start, env: shellEnv() })
    const type = async (text: string, ...keys: readonly string[]) => {
      await terminal.type(text)
      await terminal.press(...keys)
    }
    try {
      await terminal.until(/[$%>#] *$/)
      await type(`${take}; clear`, 'Enter')
      await terminal.until(/^> *$/)
      await type('serin stat', 'Tab')
      await terminal.until(/^> serin status *$/)
      await type('sh', 'Tab')
      await terminal.until(/^> serin status shop *$/)
      await type('--data .s', 'Tab')
      await terminal.until(/^> serin status shop --data \.serin\/? *$/)
      await terminal.press('Enter')
      await terminal.until(/^● shop: |^. shop: /m)
      await type('clear', 'Enter')
      await terminal.until(/^> *$/)
      await type('serin release shop --to v', ...list)
      await terminal.until(/^v1\b.*\bv2\b.*\bv3\b/m)
      await terminal.press('C-c')
      await type('clear', 'Enter')
      await terminal.until(/^> *$/)
      await type('serin abort rel', 'Tab')
      await terminal.until(/^> serin abort release:1 *$/)
      await type('--w', 'Tab')
      await terminal.until(/^> serin abort release:1 --why *$/)
    } finally {
      await terminal.close()
    }
  })
}
