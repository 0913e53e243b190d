import type { Mirror, RoutingTable } from '@serin/core'
import { pattern, value } from './quote.ts'

/** Headers that hold for the answers of one version only, or that make a request more than a question and an answer. */
const uncopied = [
  'if_match',
  'if_none_match',
  'if_modified_since',
  'if_unmodified_since',
  'if_range',
  'expect',
  'upgrade',
  'serin_mirror',
] as const
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The mirror of a table, where there is one that copies can be sent to. */
export function mirrorOf({ mirror }: Pick<RoutingTable, 'mirror'>): Mirror | null {
  return mirror === undefined || mirror.endpoints.length === 0 ? null : mirror
}

/** Finds out whether a request is copied: `$serin_copied`. The same units are as with the gateway, and who is copied does not depend on who is assigned what. */
export function mirrorMaps({ salt, stable }: RoutingTable, { shareBp, methods }: Mirror): readonly string[] {
  const key = `${value(`serin.mirror/${salt}`).slice(0, -1)}\${serin_key}"`
  const part = shareBp >= 10_000 ? '* 1;' : `${(shareBp / 100).toFixed(2)}% 1; * "";`
  return [
    `split_clients ${key} $serin_mirror_part { ${part} }`,
    `map $request_method $serin_mirror_method { default ""; ${methods.map((method) => `${method} 1;`).join(' ')} }`,
    `map "${uncopied.map((name) => `$http_${name}`).join('')}" $serin_mirror_plain { default ""; "" 1; }`,
    `map $serin_version $serin_mirror_stable { default ""; "~^${pattern(stable)}\\z" 1; }`,
    'map "$serin_mirror_part$serin_mirror_method$serin_mirror_plain$serin_mirror_stable" $serin_copied { default ""; 1111 1; }',
  ]
}

/** Stands in the location of the requests. With a body it is read to its end before any of it is sent on. */
export function mirrorDirectives({ methods }: Mirror, path: string): readonly string[] {
  const bodies = methods.some((method) => !bodiless.has(method))
  return [`mirror ${path};`, `mirror_request_body ${bodies ? 'on' : 'off'};`]
}

/** Where copies go. `headers` are those of the original. */
export function mirrorLocation(
  { methods, timeoutMs }: Mirror,
  { path, headers, log }: { readonly path: string; readonly headers: readonly string[]; readonly log: string },
): readonly string[] {
  const bodies = methods.some((method) => !bodiless.has(method))
  return [
    `location = ${path} {`,
    '  internal;',
    '  log_subrequest on;',
    `  access_log ${log} serin_copy if=$serin_copied;`,
    '  if ($serin_copied = "") { return 204; }',
    ...headers.map((line) => `  ${line}`),
    '  proxy_set_header Connection "";',
    '  proxy_set_header serin-mirror 1;',
    ...(bodies ? [] : ['  proxy_pass_request_body off;', '  proxy_set_header Content-Length "";']),
    `  proxy_connect_timeout ${Math.min(3_000, timeoutMs)}ms;`,
    `  proxy_read_timeout ${timeoutMs}ms;`,
    '  proxy_pass http://serin_mirror$request_uri;',
    '}',
  ]
}
