import type { GateAnswer, GateContext } from '@serin/kit'
import type { Gate, RecordedRequest } from '@serin/spec'
import { resolve } from 'node:path'
import { seconds } from '../../workload/supervisor/sentences.ts'
import { mismatchOf } from '../expected.ts'
import { callOnce } from '../http-call.ts'
import { unknownPlace } from '../places.ts'
import { lookUp } from '../secrets.ts'
import type { Looked } from '../secrets.ts'
import { readTestSet } from './test-set.ts'
import type { TestRequest } from './test-set.ts'

type RequestsGate = Extract<Gate, { kind: 'requests' }>

/** How many failures a sentence names. */
const named = 3

interface Failure {
  readonly line: number
  readonly what: string
}

/** Sends a test set to the preview address: failed when more than `maxFailed` of it is not answered as expected. Rejects only when the signal aborts. */
export async function askRequests(gate: RequestsGate, context: GateContext, signal: AbortSignal): Promise<GateAnswer> {
  signal.throwIfAborted()
  const { preview, baseDirectory } = context
  if (preview === null) return { outcome: 'waiting', why: unknownPlace(context, 'preview') }
  const looked = await lookUp(gate.headers, baseDirectory)
  if ('problem' in looked) return { outcome: 'waiting', why: looked.problem }
  const requests = await readTestSet(resolve(baseDirectory, gate.file), gate.file)
  if ('problem' in requests) return { outcome: 'failed', why: requests.problem }
  const late = AbortSignal.timeout(gate.within)
  const failures: Failure[] = []
  const left = requests.values()
  let answered = 0
  const worker = async (): Promise<void> => {
    for (const { line, request } of left) {
      const what = await send(
        { gate, base: preview.replace(/\/+$/, ''), looked, request },
        AbortSignal.any([signal, late]),
      )
      answered += 1
      if (what !== null) failures.push({ line, what })
    }
  }
  await Promise.allSettled(Array.from({ length: gate.concurrency }, worker))
  signal.throwIfAborted()
  return answerOf(gate, requests, answered, failures, looked)
}

/** What is wrong with the answer to a request, or null. */
async function send(
  {
    gate,
    base,
    looked,
    request,
  }: { readonly gate: RequestsGate; readonly base: string; readonly looked: Looked; readonly request: RecordedRequest },
  signal: AbortSignal,
): Promise<string | null> {
  const { method, path, body, expect } = request
  const headers: Record<string, string> = {}
  for (const [name, value] of [...Object.entries(request.headers), ...Object.entries(looked.values)])
    headers[name.toLowerCase()] = value
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  if (typeof body === 'object') headers['content-type'] ??= 'application/json'
  const answer = await callOnce({ url: `${base}${path}`, method, headers, body: text, timeoutMs: gate.timeout }, signal)
  const wrong = 'problem' in answer ? answer.problem : mismatchOf(answer, expect, looked.hide)
  return wrong === null ? null : `${method} ${path.replace(/\?.*$/s, '')} ${wrong}`
}

function answerOf(
  gate: RequestsGate,
  requests: readonly TestRequest[],
  answered: number,
  failures: readonly Failure[],
  { hide }: Looked,
): GateAnswer {
  const total = requests.length
  const first = failures
    .toSorted((a, b) => a.line - b.line)
    .slice(0, named)
    .map(({ line, what }) => `line ${line}: ${what}`)
  const more = failures.length > named ? `; and ${failures.length - named} more` : ''
  const which = first.length === 0 ? '.' : `: ${first.join('; ')}${more}.`
  if (answered < total)
    return {
      outcome: 'failed',
      why: hide(
        `Only ${answered} of ${total} requests of ${gate.file} were done within ${seconds(gate.within)}${which}`,
      ),
    }
  const failed = failures.length * 100 > gate.maxFailed * total
  if (failures.length === 0)
    return { outcome: 'passed', why: `All ${total} requests of ${gate.file} were answered as expected.` }
  const allowed = `at most ${gate.maxFailed} % may`
  return {
    outcome: failed ? 'failed' : 'passed',
    why: hide(`${failures.length} of ${total} requests of ${gate.file} failed, ${allowed}${which}`),
  }
}
