import type { RoutingTable } from '@serin/core'
import { networksOf } from '@serin/spec'
import type { Addresses } from '../proxy/addresses.ts'
import { beliefHeaders, beliefMaps, clientLines } from './belief.ts'
import { named, serinDollar, word } from './quote.ts'
import { answerLines, controlLines, markFormat, plainly, tableMaps } from './split.ts'
import type { LogPlace } from './split.ts'

/** What the configuration has to know besides the table. */
export interface Setting extends LogPlace {
  /** Where sockets, pid files and the log are. */
  readonly directory: string
  readonly workers: number
  /** As whom the workers run; null when nginx is not started by root and cannot choose. */
  readonly user: string | null
}

/** The files of an nginx by their purpose. */
export const socketNames = { split: 'split.sock', control: 'control.sock', none: 'none.sock' } as const

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as const
const connections = 8_192

/**
 * The configuration of the nginx that clients talk to: it passes every request on to the one that splits, over a connection of its own. It never
 * changes with the table, so that clients keep their connections while the other one is reloaded.
 */
export function frontConfig({ listen, preview }: Addresses, setting: Setting): string {
  return lines([
    ...head('front', setting),
    'http {',
    ...common(setting),
    '  access_log off;',
    '  keepalive_timeout 75s;',
    '  keepalive_requests 1000000000;',
    '  proxy_read_timeout 1d;',
    '  proxy_send_timeout 1d;',
    '  proxy_next_upstream off;',
    `  upstream serin_split { server ${word(`unix:${setting.directory}/${socketNames.split}`)} max_fails=0; }`,
    '  map $http_upgrade $serin_connection { "" close; "~*^h2c" close; default upgrade; }',
    '  map $http_upgrade $serin_upgrade { "~*^h2c" ""; default $http_upgrade; }',
    // Only HTTP/1.0 may come without a host; nginx itself would refuse it behind the front.
    '  map $http_host $serin_host { "" localhost; default $http_host; }',
    ...frontServer(listen, ''),
    ...(preview === null ? [] : frontServer(preview, '1')),
    '}',
  ])
}

function frontServer(listen: string, preview: string): readonly string[] {
  return [
    '  server {',
    `    listen ${word(listen)} backlog=4096;`,
    '    location / {',
    '      proxy_set_header Host $serin_host;',
    '      proxy_set_header Connection $serin_connection;',
    '      proxy_set_header Upgrade $serin_upgrade;',
    '      proxy_set_header Proxy-Connection "";',
    '      proxy_set_header Proxy-Authorization "";',
    // Only the front may say these: what a client says of them is not passed on. Whom it believes the split knows, so that the front can stay as it is.
    '      proxy_set_header Serin-Client $proxy_add_x_forwarded_for;',
    '      proxy_set_header X-Forwarded-For "";',
    `      proxy_set_header Serin-Preview "${preview}";`,
    '      proxy_set_header Serin-Probe "";',
    '      proxy_pass http://serin_split;',
    '    }',
    '  }',
  ]
}

/** The configuration of the nginx that splits, for a table; without one every request is answered with 503. Pure. */
export function splitConfig(table: RoutingTable | null, setting: Setting): string {
  return lines([
    ...head('split', setting),
    'http {',
    ...common(setting),
    '  keepalive_timeout 0;',
    `  ${serinDollar}`,
    `  ${markFormat(setting)}`,
    ...(table === null ? [] : tableLines(table, setting).map((line) => `  ${line}`)),
    '  server {',
    `    listen ${word(`unix:${setting.directory}/${socketNames.control}`)};`,
    '    access_log off;',
    ...controlLines(table, setting, '').map((line) => `    ${line}`),
    '    location / { return 404; }',
    '  }',
    '  server {',
    `    listen ${word(`unix:${setting.directory}/${socketNames.none}`)} backlog=4096;`,
    '    access_log off;',
    '    return 503;',
    '  }',
    '}',
  ])
}

/** What a request carries to the version that answers it, and its copy to the other. */
const headers = [
  'proxy_set_header Host $http_host;',
  ...beliefHeaders,
  'proxy_set_header X-Request-Id $serin_request_id;',
  ...['Serin-Client', 'Serin-Preview', 'Serin-Probe'].map((name) => `proxy_set_header ${name} "";`),
]

function tableLines(table: RoutingTable, setting: Setting): readonly string[] {
  return [
    // The front lets no client say these.
    ...tableMaps(table, setting, { probe: '$http_serin_probe', preview: '$http_serin_preview' }),
    'map $http_serin_client $serin_peer { default ""; "~(?<serin_last>[^ ,]+)\\z" $serin_last; }',
    ...beliefMaps(table, { peer: '$serin_peer', chain: '$http_serin_client' }),
    `upstream serin_none { server ${word(`unix:${setting.directory}/${socketNames.none}`)} max_fails=0; }`,
    'server {',
    `  listen ${word(`unix:${setting.directory}/${socketNames.split}`)} backlog=4096;`,
    ...clientLines(['unix:', ...networksOf(table.edge?.trustProxies ?? [])], 'Serin-Client', true).map(
      (line) => `  ${line}`,
    ),
    ...answerLines(table, setting, headers).map((line) => `  ${line}`),
    '}',
  ]
}

function head(name: 'front' | 'split', { directory, workers, user }: Setting): readonly string[] {
  return [
    '# Written by Serin; changes are overwritten.',
    ...(user === null ? [] : [`user ${word(user)};`]),
    `worker_processes ${workers};`,
    `pid ${word(`${directory}/${name}.pid`)};`,
    `error_log ${word(`${directory}/nginx.log`)} error;`,
    `events { worker_connections ${connections}; }`,
  ]
}

/** What holds for both. */
function common({ directory }: Setting): readonly string[] {
  return [
    ...temporary.map((kind) => `  ${kind}_temp_path ${word(`${directory}/${kind}`)};`),
    '  variables_hash_max_size 8192;',
    '  variables_hash_bucket_size 256;',
    '  map_hash_bucket_size 256;',
    ...plainly.map((line) => `  ${line}`),
  ]
}

function lines(all: readonly string[]): string {
  return named(`${all.join('\n')}\n`, null)
}
