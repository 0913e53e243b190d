import type { Addresses } from '../proxy/addresses.ts'
import { claims } from '../proxy/claims.ts'
import { serverWords } from './runtime-api.ts'
import { backends } from './servers.ts'
import type { Server } from './servers.ts'

/** The files of an HAProxy by their purpose. */
export const fileNames = {
  config: 'haproxy.cfg',
  pid: 'haproxy.pid',
  map: 'table.map',
  decide: 'decide.lua',
  admin: 'admin.sock',
  control: 'control.sock',
  evidence: 'evidence.sock',
} as const

/** What the configuration has to know besides the servers. */
export interface Setting extends Addresses {
  readonly directory: string
  readonly threads: number
}

/** What HAProxy keeps of the log while nobody reads it. */
const ringBytes = 8_388_608
const longestLine = 65_535
/** Methods that may be sent twice; a tunnel may not. */
const repeatable = '{ method GET HEAD OPTIONS TRACE PUT DELETE } !{ req.hdr(upgrade) -m found }'

/**
 * The configuration HAProxy is started with. It never changes while it runs: table, servers and weights are changed through the runtime API, and the
 * servers here are only those of the moment it starts. Pure.
 */
export function haproxyConfig(servers: readonly Server[], setting: Setting): string {
  const { directory, threads, listen, preview } = setting
  const at = (name: keyof typeof fileNames): string => quoted(`${directory}/${fileNames[name]}`)
  return lines([
    '# Written by Serin; what changes while it runs is changed through the admin socket.',
    'global',
    // Two that share a port would share its requests.
    '  noreuseport',
    '  no strict-limits',
    '  maxconn 8192',
    `  nbthread ${threads}`,
    `  stats socket ${at('admin')} mode 600 level admin expose-fd listeners`,
    '  tune.bufsize 32768',
    `  setenv SERIN_MAP ${at('map')}`,
    `  lua-load-per-thread ${at('decide')}`,
    'ring serin_evidence',
    '  format raw',
    `  maxlen ${longestLine}`,
    `  size ${ringBytes}`,
    '  timeout connect 1s',
    '  timeout server 1d',
    `  server serin ${quoted(`unix@${directory}/${fileNames.evidence}`)}`,
    'defaults',
    '  mode http',
    '  timeout connect 3s',
    '  timeout client 300s',
    '  timeout server 300s',
    '  timeout tunnel 1d',
    '  timeout http-request 60s',
    '  timeout http-keep-alive 75s',
    '  retries 1',
    '  option redispatch 1',
    '  retry-on conn-failure empty-response',
    ...frontend('serin', listen, []),
    ...(preview === null ? [] : frontend('serin_preview', preview, ['http-request set-var(txn.serin_preview) int(1)'])),
    'frontend serin_control',
    `  bind ${quoted(`unix@${directory}/${fileNames.control}`)} mode 600`,
    `  ${log}`,
    '  log-format "mark %[var(txn.serin_mark)]"',
    '  http-request set-var(txn.serin_mark) url_param(mark)',
    '  http-request set-log-level silent unless { path /table }',
    '  http-request use-service lua.serin_control',
    ...Array.from({ length: backends }, (_, i) => backend(`serin_${i}`, servers)).flat(),
    ...backend('serin_none', []),
  ])
}

const log = `log ring@serin_evidence len ${longestLine} format raw local0 info`

function frontend(name: string, listen: string, first: readonly string[]): readonly string[] {
  return [
    `frontend ${name}`,
    // HTTP/1.1 only, as from Serin's gateway without TLS.
    `  bind ${listen} proto h1 backlog 4096`,
    `  ${log}`,
    '  log-format "line %ST %ts %TR %Ta %[var(txn.serin_log)]"',
    ...first.map((line) => `  ${line}`),
    '  http-request del-header upgrade if { req.hdr(upgrade) -m beg -i h2c }',
    ...['http2-settings', 'proxy-connection', 'proxy-authorization'].map(
      (header) => `  http-request del-header ${header}`,
    ),
    // Only HTTP/1.0 may come without a host, and is passed on as HTTP/1.1.
    '  http-request set-header host localhost unless { req.hdr(host) -m found }',
    '  http-request lua.serin_decide',
    `  http-request disable-l7-retry unless ${repeatable}`,
    // What is said of a client and its way is kept of those only that are believed.
    ...[...claims, 'x-forwarded-proto', 'x-forwarded-host'].map(
      (header) => `  http-request del-header ${header} unless { var(txn.serin_trusted) -m bool }`,
    ),
    '  http-request set-header x-forwarded-for %[var(txn.serin_for)]',
    '  http-request set-header x-forwarded-proto http unless { req.hdr(x-forwarded-proto) -m found }',
    '  http-request set-header x-forwarded-host %[req.hdr(host)] unless { req.hdr(x-forwarded-host) -m found }',
    '  http-request set-var(txn.serin_id) req.fhdr(x-request-id)',
    "  http-request set-var(txn.serin_id) uuid() unless { var(txn.serin_id) -m reg '^[\\x21-\\x7e]{1,200}$' }",
    '  http-request set-header x-request-id %[var(txn.serin_id)]',
    '  http-after-response del-header serin-request',
    '  http-after-response del-header serin-version',
    '  http-after-response set-header serin-version %[var(txn.serin_version)] if { var(txn.serin_version) -m found }',
    '  http-after-response set-header x-request-id %[var(txn.serin_id)] unless { res.hdr(x-request-id) -m found }',
    '  use_backend %[var(txn.serin_backend)] if { var(txn.serin_backend) -m found }',
    '  default_backend serin_none',
  ]
}

function backend(name: string, servers: readonly Server[]): readonly string[] {
  return [
    `backend ${name}`,
    // Servers are added while it runs.
    '  balance roundrobin',
    ...servers
      .filter((server) => server.backend === name)
      .map((server) => `  server ${server.name} ${server.address} ${serverWords}`),
  ]
}

/** A text as one word of the configuration, in which no variable is read. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\$]/g, (sign) => `\\${sign}`)}"`
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
