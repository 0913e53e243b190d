/** A valid release file that uses every part of the format, and where its words stand. */
export const richFile = `serin: v1
services:
  spam-filter:
    listen: 8080
    unit:
      - header: x-user
      - cookie: uid
      - query: user
      - address: true
    rules:
      - name: staff
        header:
          x-staff:
            equals: 'yes'
        path:
          prefix: /api/
        to: canary
      - name: partners
        query:
          partner:
            in: [acme, globex]
        cookie:
          trial:
            present: true
        to: stable
    override: serin-version
    workload:
      kind: process
      replicas: 2
      command: [node, server.js, '{port}']
      env:
        LEVEL: info
      cwd: app
      ready:
        path: /ready
        every: 500ms
        timeout: 2s
        within: 1m30s
      live:
        failures: 3
      stopWithin: 10s
    versions:
      v1:
        labels:
          commit: abc123
      v2:
        command: [node, other.js]
        replicas: 3
    stable: v1
    strategy:
      kind: canary
      steps:
        - weight: 0.01%
          hold: 30s
        - weight: 25%
          hold: 1h
          pause: true
      deadline: 2h
    metrics:
      errors:
        kind: errors
        role: guardrail
        margin: 25%
        marginAbsolute: 0.5%
      latency:
        kind: latency
        quantile: 95
      wrong:
        kind: observation
        observation: misjudged
        better: lower
        importance: 2.5
    slices:
      country:
        header: x-country
      device:
        header: user-agent
        values:
          android:
            contains: Android
      route:
        path:
          depth: 1
    analysis:
      falseRollback: 1%
      falsePromotion: 5%
      warmUp: 10s
      minUnits: 50
    keepWarm: 10m
    drain: 30s
  search:
    listen: 0.0.0.0:8081
    workload:
      kind: model
      model: ranker
      memoryMax: 512
      naming: per-version-model
    versions:
      v1:
        uri: models/ranker.onnx
    stable: v1
    strategy:
      kind: canary
      preset: 1-5-25-100
  legacy:
    listen: 8082
    override: false
    workload:
      kind: endpoints
    versions:
      v1:
        endpoints: ['http://127.0.0.1:3001']
    stable: v1
`

/** Names people choose; everything else before a ":" is a word of the format. */
const chosen = new Set([
  'spam-filter',
  'search',
  'legacy',
  'country',
  'device',
  'android',
  'route',
  'v1',
  'v2',
  'x-staff',
  'partner',
  'trial',
  'LEVEL',
  'commit',
  'errors',
  'latency',
  'wrong',
])

/** Values that are words of the format. */
const words = new Set([
  'canary',
  'stable',
  'process',
  'model',
  'endpoints',
  'guardrail',
  'errors',
  'latency',
  'observation',
  'lower',
  'per-version-model',
  '1-5-25-100',
])

/** A word of the format in the file, as a key or as a value. */
export interface Word {
  readonly word: string
  readonly is: 'key' | 'value'
  /** From 1. */
  readonly line: number
  readonly offset: number
}

/** Every word of the format in the file. */
export function wordsOf(text: string): readonly Word[] {
  const found: Word[] = []
  let offset = 0
  for (const [i, line] of text.split('\n').entries()) {
    const key = /^( *(?:- )?)([A-Za-z0-9-]+):/.exec(line)
    const before = key?.[1] ?? ''
    const name = key?.[2] ?? ''
    if (key !== null && !chosen.has(name))
      found.push({ word: name, is: 'key', line: i + 1, offset: offset + before.length })
    const value = /: ([A-Za-z0-9-]+)$/.exec(line)
    const said = value?.[1] ?? ''
    if (value !== null && words.has(said) && name !== 'name' && name !== 'model')
      found.push({ word: said, is: 'value', line: i + 1, offset: offset + line.length - said.length })
    offset += line.length + 1
  }
  return found
}
