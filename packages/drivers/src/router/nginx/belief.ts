import type { RoutingTable } from '@serin/core'
import { networksOf } from '@serin/spec'
import { claims } from '../proxy/claims.ts'

/** How nginx knows who sent a request on. */
export interface Way {
  /** The variable with the address of who connected. */
  readonly peer: string
  /** The variable with everybody whom the request was forwarded for, that one last. */
  readonly chain: string
  /** The variable that is `1` where somebody is believed whatever the service says; else empty. */
  readonly always?: string
}

/**
 * Whom a request is believed what it says of its client, as the gateway has it: `$serin_trusted` is `1` or empty, and what versions are told comes from
 * nobody else.
 */
export function beliefMaps({ edge }: Pick<RoutingTable, 'edge'>, { peer, chain, always }: Way): readonly string[] {
  const networks = networksOf(edge?.trustProxies ?? [])
  const listed = always === undefined ? '$serin_trusted' : '$serin_listed'
  return [
    `geo ${peer} ${listed} { default ""; ${networks.map((network) => `${network} 1; `).join('')}}`,
    ...(always === undefined ? [] : [`map "${always}${listed}" $serin_trusted { "" ""; default 1; }`]),
    `map $serin_trusted $serin_for { "" ${peer}; default ${chain}; }`,
    'map "$serin_trusted$http_x_forwarded_proto" $serin_proto { default http; "~^1(?<serin_proto1>.+)" $serin_proto1; }',
    'map "$serin_trusted$http_x_forwarded_host" $serin_host { default $http_host; "~^1(?<serin_host1>.+)" $serin_host1; }',
    ...claims.map((name) => `map $serin_trusted ${variableOf(name)} { "" ""; default $http_${underscored(name)}; }`),
  ]
}

/** What versions are told of the client; beside it the maps have to stand. */
export const beliefHeaders = [
  'proxy_set_header X-Forwarded-For $serin_for;',
  'proxy_set_header X-Forwarded-Proto $serin_proto;',
  'proxy_set_header X-Forwarded-Host $serin_host;',
  ...claims.map((name) => `proxy_set_header ${name} ${variableOf(name)};`),
] as const

/** The lines by which `$remote_addr` is the client: of whom a request was forwarded for, the last that is none of `believed`; or just the last. */
export function clientLines(believed: readonly string[], header: string, recursive: boolean): readonly string[] {
  return [
    ...believed.map((network) => `set_real_ip_from ${network};`),
    `real_ip_header ${header};`,
    `real_ip_recursive ${recursive ? 'on' : 'off'};`,
  ]
}

function variableOf(claim: string): string {
  return `$serin_${underscored(claim)}`
}

function underscored(name: string): string {
  return name.replaceAll('-', '_')
}
