import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { nodeProxies } from './node-proxies.ts'
import type { Contender } from './party.ts'
import { serin, serinNet, serinPipelining, serinTwoWorkers } from './serin.ts'

/** Everybody who is compared; nginx is what the others are divided by. */
export const contenders: readonly Contender[] = [
  nginx,
  haproxy,
  serin,
  serinNet,
  serinPipelining,
  serinTwoWorkers,
  ...nodeProxies,
]
