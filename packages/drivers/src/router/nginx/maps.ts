import type { RoutingTable } from '@serin/core'
import { SerinError } from '@serin/spec'
import type { RoutingRule, Segment, UnitSource } from '@serin/spec'
import { pattern, queryPattern, value } from './quote.ts'

type Match = NonNullable<RoutingRule['path']>
type Source = Exclude<UnitSource, { readonly claim: string }> | { readonly path: true }

/** What the configuration looks at: each part of a request is one variable, empty when it is not there and else `=` and its value. */
class Sources {
  readonly lines: string[] = []
  readonly #names = new Map<string, string>()

  /** The variable of a source, defined at its first use. */
  of(source: Source): string {
    const key = 'header' in source ? `header ${source.header.toLowerCase()}` : JSON.stringify(source)
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const i = this.#names.size
    const name = `$serin_v${i}`
    this.#names.set(key, name)
    this.lines.push(sourceMap(source, name, `serin_w${i}`))
    return name
  }
}

function sourceMap(source: Source, name: string, part: string): string {
  if ('header' in source) {
    const header = headerVariable(source.header)
    return `map ${header} ${name} { "" ""; default "=${header}"; }`
  }
  if ('cookie' in source) {
    const found = `(?:^|;) *${pattern(source.cookie)}=\\s*(?<${part}>[^;]*?)\\s*(?:;|\\z)`
    return `map $http_cookie ${name} { default ""; "~${found}" "=$${part}"; }`
  }
  if ('query' in source) {
    const found = `(?:^|&)${queryPattern(source.query)}(?:=(?<${part}>[^&]*))?(?=&|\\z)`
    return `map $args ${name} { default ""; "~${found}" "=$${part}"; }`
  }
  if ('address' in source) {
    const mapped = `"~^::ffff:(?<${part}>[\\d.]+)\\z" "=$${part}"`
    return `map $remote_addr ${name} { default "=$remote_addr"; ${mapped}; }`
  }
  return `map $request_uri ${name} { default ""; "~^(?<${part}>[^?]*)" "=$${part}"; }`
}

/** The variable in which nginx has a header. Rejects a name that nginx cannot read. */
export function headerVariable(name: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(name))
    throw new SerinError('gateway.failed', `nginx cannot read a header that is called "${name}".`)
  return `$http_${name.toLowerCase().replaceAll('-', '_')}`
}

/** Variables in which Serin itself says something of a request. No client can. */
export interface Signs {
  /** The unit that is asked about; else empty. */
  readonly probe: string
  /** `1` where canary answers whatever its share is. */
  readonly preview: string
}

/** The maps that find out whose a request is, and which version answers it: `$serin_unit`, `$serin_by`, `$serin_split` and `$serin_version`. */
export function routingMaps(table: RoutingTable, { probe, preview }: Signs): readonly string[] {
  const sources = new Sources()
  const unit = unitMaps(table.unit, sources)
  const rules = ruleMaps(table, sources)
  return [
    ...sources.lines,
    ...unit,
    `map ${probe} $serin_told { "" $serin_unit; default ${probe}; }`,
    'map $serin_told $serin_key { "" $request_id; default $serin_told; }',
    ...splitLines(table),
    ...rules,
    ...choiceMaps(table, preview),
  ]
}

/** The first source that has a value gives the unit. */
function unitMaps(sources: readonly UnitSource[], known: Sources): readonly string[] {
  const readable = sources.flatMap((source) => ('claim' in source ? [] : [source]))
  const names = [...readable.keys(), readable.length].map((i) => (i === 0 ? '$serin_unit' : `$serin_u${i}`))
  const maps = readable.map((source, i) => {
    const next = names[i + 1] ?? '""'
    return `map ${known.of(source)} ${names[i] ?? ''} { "" ${next}; "=" ${next}; "~^=(?<serin_x${i}>[\\s\\S]+)\\z" $serin_x${i}; }`
  })
  return [...maps, `map $request_method ${names.at(-1) ?? ''} { default ""; }`]
}

/** The hash of the unit, in nginx's own arithmetic, which is that of Serin. */
function splitLines({ arms, salt }: RoutingTable): readonly string[] {
  const weighted = arms.filter((arm) => arm.weightBp > 0)
  return [
    `split_clients ${value(salt).slice(0, -1)}\${serin_key}" $serin_split {`,
    ...weighted.map(({ version, weightBp }, i) => {
      const part = i === weighted.length - 1 ? '*' : `${(weightBp / 100).toFixed(2)}%`
      return `  ${part} ${value(version)};`
    }),
    '}',
  ]
}

/** `$serin_ruled`: the version of the first rule that matches, or nothing. */
function ruleMaps({ rules, canary, stable, segments = {} }: RoutingTable, sources: Sources): readonly string[] {
  const lines: string[] = []
  let conditions = 0
  for (const [i, rule] of rules.entries()) {
    const parts = [rule, ...(rule.segment === undefined ? [] : [segments[rule.segment] ?? {}])]
    const names = parts.flatMap(conditionsOf).map(({ source, match }) => {
      const name = `$serin_c${conditions}`
      conditions += 1
      lines.push(`map ${sources.of(source)} ${name} { ${matchLines(match, 'query' in source)} }`)
      return name
    })
    const all = names.length === 0 ? '' : `"${'1'.repeat(names.length)}" 1; `
    lines.push(`map "${names.join('')}" $serin_r${i} { ${all}default 0; }`)
  }
  const firsts = rules.map((rule, i) => {
    const version = rule.to === 'canary' ? (canary ?? stable) : stable
    return `  "~^0{${i}}1" ${value(version)};`
  })
  return [
    ...lines,
    `map "${rules.map((_, i) => `$serin_r${i}`).join('')}" $serin_ruled {`,
    '  default "";',
    ...firsts,
    '}',
  ]
}

function conditionsOf(rule: Segment): { readonly source: Source; readonly match: Match }[] {
  return [
    ...Object.entries(rule.header ?? {}).map(([header, match]) => ({ source: { header }, match })),
    ...Object.entries(rule.cookie ?? {}).map(([cookie, match]) => ({ source: { cookie }, match })),
    ...Object.entries(rule.query ?? {}).map(([query, match]) => ({ source: { query }, match })),
    ...(rule.path === undefined ? [] : [{ source: { path: true } as const, match: rule.path }]),
  ]
}

function matchLines({ equals, prefix, contains, present, in: list = [] }: Match, isQuery: boolean): string {
  const fits = isQuery ? queryPattern : pattern
  if (present !== undefined) return present ? '"" 0; default 1;' : '"" 1; default 0;'
  if (prefix !== undefined) return `"~^=${fits(prefix)}" 1; default 0;`
  if (contains !== undefined) return `"~^=[\\s\\S]*${fits(contains)}" 1; default 0;`
  // Words without a pattern would be compared without regard to case.
  const whole = equals === undefined ? list : [equals]
  return `${[...new Set(whole)].map((one) => `"~^=${fits(one)}\\z" 1; `).join('')}default 0;`
}

/** Preview, rules, the override header, the hash: in this order. */
function choiceMaps({ arms, overrideHeader, canary, stable }: RoutingTable, preview: string): readonly string[] {
  const named = overrideHeader === null ? '$request_method' : headerVariable(overrideHeader)
  const names = overrideHeader === null ? [] : arms.map(({ version }) => exactly(version, value(version)))
  return [
    `map ${named} $serin_named { default ""; ${names.join(' ')} }`,
    `map ${preview} $serin_previewed { default ""; "1" ${value(canary ?? stable)}; }`,
    'map $serin_named $serin_unruled { "" $serin_split; default $serin_named; }',
    'map $serin_ruled $serin_unpreviewed { "" $serin_unruled; default $serin_ruled; }',
    'map $serin_previewed $serin_version { "" $serin_unpreviewed; default $serin_previewed; }',
    'map "$serin_previewed|$serin_ruled|$serin_named" $serin_by { "||" hash; "~^\\x7c[^\\x7c]" rule; default override; }',
    `map $serin_version $serin_upstream { default serin_none; ${arms
      .map(({ version, endpoints }, i) => (endpoints.length === 0 ? '' : exactly(version, `serin_${i}`)))
      .join(' ')} }`,
  ]
}

function exactly(version: string, result: string): string {
  return `"~^${pattern(version)}\\z" ${result};`
}
