import type { RoutingTable } from '@serin/core'
import { networksOf } from '@serin/spec'
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { partsOf } from '../proxy/addresses.ts'
import type { Addresses } from '../proxy/addresses.ts'
import { beliefHeaders, beliefMaps, clientLines } from './belief.ts'
import { named, pattern, serinDollar, word } from './quote.ts'
import { answerLines, controlLines, markFormat, plainly, tableMaps } from './split.ts'
import type { LogPlace } from './split.ts'

/** What a service's lines in somebody's nginx have to know besides the table. */
export interface OwnSetting extends LogPlace, Addresses {
  readonly service: string
}

const begins = '# Written by Serin'

/** Whether a file is Serin's. */
export function isWritten(text: string): boolean {
  return text.startsWith(begins)
}

/** What such a file says of where Serin hears of it, for who has forgotten; null when it is not Serin's. */
export function toldIn(text: string): (LogPlace & Addresses) | null {
  const evidencePort = Number(/syslog:server=127\.0\.0\.1:(\d+),/.exec(text)?.[1])
  const evidenceKey = /"key":"([0-9a-f]{32})"/.exec(text)?.[1]
  const [listen, preview = null] = [...text.matchAll(/^ {2}listen "([^"]+)";$/gm)].flatMap(
    ([, address = '']) => address,
  )
  if (!isWritten(text) || evidenceKey === undefined || listen === undefined || !(evidencePort > 0)) return null
  return { evidencePort, evidenceKey, listen, preview }
}

/** Below this path the driver asks; nobody else can who does not know the key. */
export function controlPath({ evidenceKey }: Pick<LogPlace, 'evidenceKey'>): string {
  return `/serin-${evidenceKey}`
}

/** The same address for who is on this machine. */
export function fromHere(listen: string): string {
  return listen.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
}

/**
 * The lines of one service for the `http` block of an nginx that is somebody's own: an upstream that its locations can pass to, and the server behind
 * it that splits. Pure.
 */
export function ownConfig(table: RoutingTable, setting: OwnSetting): string {
  const { service, listen, preview, evidenceKey } = setting
  const lines = [
    `${begins}; changes are overwritten.`,
    `upstream ${word(`serin-${service}`)} { server ${word(fromHere(listen))} max_fails=0; }`,
    serinDollar,
    markFormat(setting),
    'map $server_name $serin_preview { default ""; serin_preview 1; }',
    // Of a client nobody takes it: it would have to know the key.
    `map $http_serin_probe $serin_probe { default ""; "~^${pattern(evidenceKey)}(?<serin_probed>.+)\\z" $serin_probed; }`,
    ...tableMaps(table, setting, { probe: '$serin_probe', preview: '$serin_preview' }),
    ...ownBelief(table, listen),
    ...server(table, setting, listen, controlLines(table, setting, controlPath(setting))),
    ...(preview === null ? [] : server(table, setting, preview, ['server_name serin_preview;'])),
  ]
  return named(`${lines.join('\n')}\n`, tagOf(service))
}

/** Whoever passed a request on has said already whose it is. */
const headers = [
  'proxy_set_header Host $http_host;',
  ...beliefHeaders,
  'proxy_set_header X-Request-Id $serin_request_id;',
  'proxy_set_header Serin-Probe "";',
]

function server(table: RoutingTable, setting: OwnSetting, listen: string, more: readonly string[]): readonly string[] {
  const lines = [
    `listen ${word(listen)};`,
    // A reload closes connections that are kept: one that carries no second request is never closed too early.
    'keepalive_timeout 0;',
    ...plainly,
    'proxy_intercept_errors off;',
    ...(table.unit.some((source) => 'address' in source) ? clientOf(table, listen) : []),
    ...more,
    ...answerLines(table, setting, headers, ['if ($serin_upstream = serin_none) { return 503; }']),
  ]
  return ['server {', ...lines.map((line) => `  ${line}`), '}']
}

/** The nginx itself passes requests on from here, and has said already whom they are forwarded for; anybody else is believed as the service says. */
function ownBelief(table: RoutingTable, listen: string): readonly string[] {
  return [
    `geo $realip_remote_addr $serin_own { default ""; ${ownAddresses(listen)
      .map((address) => `${address} 1; `)
      .join('')}}`,
    'map "$serin_own,$http_x_forwarded_for" $serin_chain { "~^1?,$" $realip_remote_addr; "~^1," $http_x_forwarded_for; default "$http_x_forwarded_for, $realip_remote_addr"; }',
    ...beliefMaps(table, { peer: '$realip_remote_addr', chain: '$serin_chain', always: '$serin_own' }),
  ]
}

/** Whom the nginx itself connects as. */
function ownAddresses(listen: string): readonly string[] {
  const { host } = partsOf(fromHere(listen))
  return [...new Set(['127.0.0.1', ...(isIP(host) === 0 ? [] : [host])])]
}

/** The client is whom the nginx itself names; where that one is believed too, whom it names in turn. */
function clientOf({ edge }: RoutingTable, listen: string): readonly string[] {
  const networks = networksOf(edge?.trustProxies ?? [])
  return clientLines([...ownAddresses(listen), ...networks], 'X-Forwarded-For', networks.length > 0)
}

/** One word that no other service has: names of variables know neither signs nor capitals, and may not be long. */
function tagOf(service: string): string {
  if (/^[a-z0-9]{1,16}$/.test(service)) return service
  const short = service
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 8)
  return `${short}${createHash('sha256').update(service).digest('hex').slice(0, 8)}`
}
