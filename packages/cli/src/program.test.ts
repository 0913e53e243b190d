import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from './commands/all.ts'
import { run } from './testing/run.ts'
import { commandTree } from './command-tree.ts'

test('without words the overview is printed', async (t) => {
  const { code, stdout } = await run([])
  assert.equal(code, 0)
  t.assert.snapshot(`\n${stdout}`, { serializers: [String] })
  assert.equal((await run(['--help'])).stdout, stdout)
})

test('the overview fits one screen, names every command, and each command has examples in its help', async () => {
  const { stdout } = await run([])
  const lines = stdout.trimEnd().split('\n')
  assert.ok(lines.length <= 40, `${lines.length} lines`)
  for (const line of lines) assert.ok(line.length <= 80, line)
  for (const { name, hidden } of commands) {
    if (hidden === true) continue
    assert.match(stdout, new RegExp(`\\b${name.split(' ')[0]}\\b`))
    assert.match((await run([...name.split(' '), '--help'])).stdout, /\nExamples:\n {2}# /)
  }
})

for (const { name } of commands.filter(({ hidden }) => hidden !== true)) {
  test(`help of ${name}`, async (t) => {
    const { code, stdout, stderr } = await run([...name.split(' '), '--help'])
    assert.deepEqual([code, stderr], [0, ''])
    t.assert.snapshot(`\n${stdout}`, { serializers: [String] })
  })
}

test('the version is that of the package', async () => {
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

const mistakes: readonly (readonly [words: string, says: RegExp])[] = [
  ['relase shop', /Unknown command 'relase'\..* Did you mean release\?/],
  ['release shop --wiat', /Unknown option '--wiat'\. Did you mean --wait\?/],
  ['release shop', /Missing: --to VERSION\./],
  [
    'get servces',
    /"servces" is not a kind\. Known: services, rollouts, releases, gates, versions, journal\. Did you mean services\?/,
  ],
  ['status -o jsno', /"jsno" is not a --output\. .*Did you mean json\?/],
  ['status a b', /too many arguments/i],
  ['status --timeout soon', /"soon" is not a time/],
  ['promote --step 0', /"0" is not a step/],
  ['get services -n 0', /--limit is "0"; expected a whole number from 1 to 1000/],
  ['up --port 99999', /--port is "99999"/],
  ['completion powershell', /"powershell" is not a shell\. Known: bash, zsh, fish/],
  ['release --to', /argument missing/],
]
for (const [words, says] of mistakes) {
  test(`serin ${words}: exit 1, one sentence, what to do`, async () => {
    const { code, stdout, stderr } = await run(words.split(' '))
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, says)
    assert.match(stderr, /\n {2}do {3}/)
  })
}

test('with -o json a mistake on the command line is a problem document too', async () => {
  for (const words of [
    ['get', 'servces', '-o', 'json'],
    ['-ojson', 'get', 'servces'],
    ['get', 'servces', '--output=json'],
  ]) {
    const { code, stderr } = await run(words)
    const problem = JSON.parse(stderr) as Record<string, unknown>
    assert.deepEqual([code, problem['code'], problem['status']], [1, 'usage.invalid', 400])
  }
})

test('colour comes with a terminal and goes with NO_COLOR, --no-color and TERM=dumb', async () => {
  const words = ['lint', '-f', '/nowhere/serin.yaml']
  const coloured = async (more: readonly string[], env: Record<string, string>) =>
    (await run([...words, ...more], { env })).stderr.includes('\u001B[')
  assert.equal(await coloured([], { FORCE_COLOR: '1' }), true)
  assert.equal(await coloured([], {}), false)
  assert.equal(await coloured(['--no-color'], { FORCE_COLOR: '1' }), false)
  assert.equal(await coloured([], { FORCE_COLOR: '1', NO_COLOR: '1' }), false)
  assert.equal(await coloured([], { FORCE_COLOR: '1', TERM: 'dumb' }), false)
})

test('the command tree has every visible command, with examples, and can be printed as JSON', () => {
  const tree = commandTree()
  assert.deepEqual(
    tree.commands.map(({ name }) => name),
    commands.filter(({ hidden }) => hidden !== true).map(({ name }) => name),
  )
  for (const node of tree.commands) {
    assert.ok(node.examples.length > 0, node.name)
    assert.match(node.summary, /^[A-Z].*[.?]$/, node.name)
    assert.ok(
      node.examples.some(({ line }) => line.includes(`serin ${node.name.split(' ')[0]}`)),
      node.name,
    )
  }
  assert.deepEqual(
    JSON.parse(JSON.stringify(tree.commands.map(({ usage }) => usage))),
    tree.commands.map(({ usage }) => usage),
  )
})

test('the examples of every command can be read by the command line itself', async () => {
  const { parseCommandLine } = await import('./program.ts')
  for (const { examples } of commandTree().commands) {
    for (const { line } of examples) {
      const own = /serin (.*?)(?: [|>].*|\)"?|$)/.exec(line)?.[1] ?? ''
      const words = (own.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''))
      const parsed = parseCommandLine(words, { version: '0', width: 80 })
      assert.ok('command' in parsed, line)
    }
  }
})
