import type { GateAnswer, GateContext } from '@serin/kit'
import type { Gate } from '@serin/spec'
import { mismatchOf } from '../expected.ts'
import { callOnce, shortAddress } from '../http-call.ts'
import { fill, fillJson, placesOf, unknownPlace } from '../places.ts'
import { lookUp } from '../secrets.ts'

/** Asks an address once: passed when it answers as expected, else waiting with what came instead. Rejects only when the signal aborts. */
export async function askHttp(
  gate: Extract<Gate, { kind: 'http' }>,
  context: GateContext,
  signal: AbortSignal,
): Promise<GateAnswer> {
  signal.throwIfAborted()
  const waiting = (why: string): GateAnswer => ({ outcome: 'waiting', why })
  const url = fill(gate.url, placesOf(context))
  if ('missing' in url) return waiting(unknownPlace(context, url.missing))
  const looked = await lookUp(gate.headers, context.baseDirectory)
  if ('problem' in looked) return waiting(looked.problem)
  const body = gate.body === undefined ? undefined : fillJson(gate.body, placesOf(context))
  if (body !== undefined && 'missing' in body) return waiting(unknownPlace(context, body.missing))
  const content = body === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await callOnce(
    {
      url: url.text,
      method: gate.method,
      headers: { ...content, ...lowerCased(looked.values) },
      body: body?.text,
      timeoutMs: gate.timeout,
    },
    signal,
  )
  const address = shortAddress(url.text)
  const wrong = 'problem' in answer ? answer.problem : mismatchOf(answer, gate.expect, looked.hide)
  if (wrong !== null) return waiting(looked.hide(`${address} ${wrong}.`))
  return { outcome: 'passed', why: `${address} answered as expected.` }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
