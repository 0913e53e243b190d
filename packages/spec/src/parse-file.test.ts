import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerinError } from './errors.ts'
import { formatIssues, parseServiceFile, type FileIssue } from './parse-file.ts'
import { richFile } from './testing/rich-file.ts'

/** What is said about the rich file after one edit, without the name of the file; `@` is the first line of the edit, `@+1` the next. */
function said(from: string, to: string): readonly string[] {
  const edit = richFile.slice(0, richFile.indexOf(from)).split('\n').length
  assert.ok(richFile.includes(from), from)
  try {
    parseServiceFile(richFile.replace(from, to), 'f')
  } catch (error) {
    assert.ok(error instanceof SerinError)
    return formatIssues(error.details['issues'] as readonly FileIssue[])
      .split('\n')
      .map((line) => line.replace(/^f:(\d+)/, (_, at) => ['@', '@+1'][Number(at) - edit] ?? String(at)))
  }
  return []
}

test('the rich file is read: durations in ms, shares in basis points, defaults filled in', () => {
  const { services } = parseServiceFile(richFile)
  const filter = services['spam-filter']
  assert.ok(filter?.workload.kind === 'process')
  assert.ok(filter.strategy.kind === 'canary')
  assert.deepEqual(filter.strategy.steps, [
    { weight: 1, hold: 30_000, pause: false, until: 'safe', route: [], gates: [], notify: [] },
    { weight: 2_500, hold: 3_600_000, pause: true, until: 'safe', route: [], gates: [], notify: [] },
  ])
  assert.deepEqual(
    [filter.workload.ready.within, filter.workload.live.path, filter.analysis.falseRollback, filter.keepWarm],
    [90_000, '/', 1, 600_000],
  )
  assert.deepEqual(Object.keys(services['search']?.metrics ?? {}), ['errors', 'latency'])
  assert.equal(services['legacy']?.override, false)
})

test('each mistake is said in words, at its place, with what was meant', () => {
  const cases: readonly (readonly [from: string, to: string, said: readonly string[]])[] = [
    [
      'services:',
      'servces:',
      ['@:1: servces: Unknown key "servces". Known here: serin, services. Did you mean services?'],
    ],
    [
      '- cookie: uid',
      '- coookie: uid',
      [
        '@:9: services.spam-filter.unit.1.coookie: Unknown key "coookie". Known here: header, cookie, query, claim, address. Did you mean cookie?',
      ],
    ],
    [
      '- cookie: uid',
      '- { cookie: uid, header: x }',
      [
        '@:9: services.spam-filter.unit.1: Expected exactly one of header, cookie, query, claim, address, found cookie and header.',
      ],
    ],
    [
      '      kind: process',
      '      knd: process',
      ['@:7: services.spam-filter.workload.knd: Unknown key "knd". Known here: kind. Did you mean kind?'],
    ],
    [
      'kind: process',
      'kind: proces',
      [
        '@:13: services.spam-filter.workload.kind: Expected one of process, model, endpoints, found "proces". Did you mean process?',
      ],
    ],
    [
      'quantile: 95',
      'quantile: 96',
      ['@:19: services.spam-filter.metrics.latency.quantile: Expected one of 50, 75, 90, 95, 99, found 96.'],
    ],
    [
      'weight: 25%',
      'weight: 25 %',
      [
        '@:19: services.spam-filter.strategy.steps.1.weight: Expected a share of the traffic between 0% and 100% in steps of 0.01%, such as 5%, found "25 %".',
      ],
    ],
    [
      'weight: 25%',
      'weight: 0.01%',
      [
        '@:19: services.spam-filter.strategy.steps.1.weight: Expected more than the 0.01% of the step before: shares grow, found "0.01%".',
      ],
    ],
    [
      'weight: 25%',
      'weight: 100%',
      [
        '@:19: services.spam-filter.strategy.steps.1.weight: Expected less than 100%: promotion to 100% follows the last step, found "100%".',
      ],
    ],
    [
      'hold: 30s',
      'hold: 30',
      [
        '@:17: services.spam-filter.strategy.steps.0.hold: Expected a duration such as 30s, 5m or 1h30m (at most 400d), found 30.',
      ],
    ],
    [
      'pause: true',
      'pause: yes',
      ['@:18: services.spam-filter.strategy.steps.1.pause: Expected true or false, found "yes".'],
    ],
    ['replicas: 2', 'replicas: two', ['@:17: services.spam-filter.workload.replicas: Expected a number, found "two".']],
    [
      'replicas: 2',
      'replicas: 2.5',
      ['@:17: services.spam-filter.workload.replicas: Expected a whole number, found 2.5.'],
    ],
    ['replicas: 2', 'replicas: 0', ['@:17: services.spam-filter.workload.replicas: Expected at least 1, found 0.']],
    ['replicas: 2', 'replicas: 65', ['@:17: services.spam-filter.workload.replicas: Expected at most 64, found 65.']],
    [
      'LEVEL: info',
      'LEVEL: 3',
      ['@:16: services.spam-filter.workload.env.LEVEL: Expected text, found 3. In quotes it is text: "3".'],
    ],
    [
      'command: [node, other.js]',
      'command: node other.js',
      ['@:18: services.spam-filter.versions.v2.command: Expected a list, found "node other.js".'],
    ],
    [
      'command: [node, other.js]',
      'command: []',
      ['@:18: services.spam-filter.versions.v2.command: Expected at least 1 entry, found [].'],
    ],
    [
      'path: /ready',
      'path: ready',
      ['@:15: services.spam-filter.workload.ready.path: Expected text that starts with "/", found "ready".'],
    ],
    [
      'every: 500ms',
      'every: 0s',
      ['@:16: services.spam-filter.workload.ready.every: Expected more than 0s, found "0s".'],
    ],
    [
      "'http://127.0.0.1:3001'",
      'nowhere',
      [
        '@:21: services.legacy.versions.v1.endpoints.0: Expected an address such as http://127.0.0.1:3001, found "nowhere".',
      ],
    ],
    [
      'listen: 8080',
      'listen: localhost',
      [
        '@:13: services.spam-filter.listen: Expected a port (0 to 65535) such as 8080, or an address with a port such as 0.0.0.0:8080, found "localhost".',
      ],
    ],
    [
      '0.0.0.0:8081',
      '0.0.0.0:8080',
      ['@:13: services.search.listen: Port 8080 is already that of service "spam-filter".'],
    ],
    [
      'override: serin-version',
      'override: true',
      [
        '@:15: services.spam-filter.override: Expected the name of an HTTP header, false, or keySha256 with it, found true.',
      ],
    ],
    [
      "equals: 'yes'",
      "equal: 'yes'",
      [
        '@:13: services.spam-filter.rules.0.header.x-staff.equal: Unknown key "equal". Known here: equals, prefix, contains, present, in. Did you mean equals?',
      ],
    ],
    [
      "            equals: 'yes'\n",
      "            equals: 'yes'\n            prefix: x\n",
      [
        '@:13: services.spam-filter.rules.0.header.x-staff: Expected exactly one of equals, prefix, contains, present, in.',
      ],
    ],
    [
      '  spam-filter:',
      '  spam filter:',
      [
        '@:3: services.spam filter: Expected a name of letters, digits, ".", "_" or "-" (at most 63, starting with a letter or digit).',
      ],
    ],
    [
      'falseRollback: 1%',
      'falseRollback: 0%',
      [
        '@:22: services.spam-filter.analysis.falseRollback: Expected more than 0% and at most 50%: without any risk nothing could ever be decided, found "0%".',
      ],
    ],
    [
      '        margin: 25%\n        marginAbsolute: 0.5%',
      '        margin: 0%\n        marginAbsolute: 0',
      [
        '@:17: services.spam-filter.metrics.errors.margin: Expected more than 0% for "margin" or "marginAbsolute": that nothing at all has changed can never be proved.',
      ],
    ],
    [
      '      deadline: 2h',
      '      preset: 5-25-50-100',
      ['51:7: services.spam-filter.strategy: Expected exactly one of steps, preset, linear, exponential.'],
    ],
    [
      '    stable: v1',
      '    stable: v3',
      ['@:13: services.spam-filter.stable: No version is called "v3". Known: v1, v2. Did you mean v1?'],
    ],
    [
      '    stable: v1',
      '    stable: 1.10',
      ['@:13: services.spam-filter.stable: Expected text, found 1.10. In quotes it is text: "1.10".'],
    ],
    ['    stable: v1', '    stable:', ['@:12: services.spam-filter.stable: Nothing is written here: expected text.']],
    ['    stable: v1\n', '', ['3:3: services.spam-filter.stable: Missing: expected text.']],
    [
      'uri: models/ranker.onnx',
      'command: [x]',
      [
        '@:9: services.search.versions.v1: Missing: "uri", the path of the ONNX file.',
        '@:18: services.search.versions.v1.command: "command" means nothing to a version of kind model. Known: uri, replicas, labels, env.',
      ],
    ],
  ]
  for (const [from, to, wanted] of cases) assert.deepEqual(said(from, to), wanted, `${from} → ${to}`)
})

test('what is no YAML is said once, in words', () => {
  const cases: readonly (readonly [from: string, to: string, said: RegExp])[] = [
    [
      '    listen: 8080',
      '\tlisten: 8080',
      /^@:1: There is a tab before the first word; indentation is made of spaces\.$/,
    ],
    ['    keepWarm', '     keepWarm', /^@:1: This line is indented differently from its neighbours/],
    ['deadline: 2h', 'deadline 2h', /^@:7: Something is not closed or not separated here/],
    ["'yes'", "'yes", /Something is not closed/],
    ['    drain: 30s', '    drain: 30s\n    drain: 40s', /^@\+1:5: This key is written twice\.$/],
    ['serin: v1', 'serin: v1\n---\nserin: v1', /^@\+1:1: A second document begins here/],
    [
      '    stable: v1',
      '    stable: *v1',
      /^@:13: There is no anchor "&v1" before this "\*v1"\. Text that begins with "\*" needs quotes\.$/,
    ],
  ]
  for (const [from, to, wanted] of cases) {
    const all = said(from, to)
    assert.equal(all.length, 1, all.join('\n'))
    assert.match(all[0] ?? '', wanted)
  }
})

test('names are text, however they look', () => {
  const file = richFile
    .replace('      v1:\n        labels', '      1.10:\n        labels')
    .replace('    stable: v1', "    stable: '1.10'")
  assert.deepEqual(Object.keys(parseServiceFile(file).services['spam-filter']?.versions ?? {}), ['1.10', 'v2'])
})

test('the error says how many problems there are, that nothing was changed, and each with its place', () => {
  assert.throws(
    () => parseServiceFile('serin: v2\nservices: 3\n', 'my.yaml'),
    (error) =>
      error instanceof SerinError &&
      error.message ===
        'my.yaml has 2 problems; nothing was changed.\nmy.yaml:1:8: serin: Expected v1, found "v2". Did you mean v1?\nmy.yaml:2:11: services: Expected a mapping, found 3.',
  )
})

test('anchors and aliases are read, and a mistake in what they stand for is found where it stands', () => {
  const shared = richFile
    .replace('      ready:\n        path: /ready', '      ready: &probe\n        path: /ready')
    .replace('      live:\n        failures: 3', '      live: *probe')
  const { services } = parseServiceFile(shared)
  assert.ok(services['spam-filter']?.workload.kind === 'process')
  assert.equal(services['spam-filter'].workload.live.path, '/ready')
  const wrong = () => parseServiceFile(shared.replace('every: 500ms', 'evry: 500ms'), 'f')
  assert.throws(wrong, /f:36:9: services\.spam-filter\.workload\.ready\.evry: Unknown key "evry"/)
})
