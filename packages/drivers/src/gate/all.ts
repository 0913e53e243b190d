import type { GateAnswer, GateContext, GateRunner, OutsideGate } from '@serin/kit'
import { askCommand } from './command/driver.ts'
import { askHttp } from './http/driver.ts'
import { tell } from './notice/driver.ts'
import { askReplication } from './replication/driver.ts'
import { askRequests } from './requests/driver.ts'

/** Asks every kind of gate that something outside decides, and sends notices. */
export function createGateRunner(): GateRunner {
  return { ask, tell }
}

async function ask(gate: OutsideGate, context: GateContext, signal: AbortSignal): Promise<GateAnswer> {
  switch (gate.kind) {
    case 'http':
      return await askHttp(gate, context, signal)
    case 'command':
      return await askCommand(gate, context, signal)
    case 'requests':
      return await askRequests(gate, context, signal)
    case 'replication':
      return await askReplication(gate, context, signal)
  }
}
