import type { StepNews } from '@serin/kit'
import type { Notice } from '@serin/spec'
import { callOnce, shortAddress } from '../http-call.ts'
import { fill, fillJson } from '../places.ts'
import { lookUp } from '../secrets.ts'

/** Posts a notice once. Rejects when it did not arrive, with a sentence that has no secrets, or with the signal's reason. */
export async function tell(notice: Notice, news: StepNews, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { service, rollout, attempt, stable, canary, step, weightBp, sentence, baseDirectory } = news
  const weight = `${weightBp / 100}%`
  const places = { service, rollout, version: canary, stable, step: String(step), weight, sentence }
  const url = textOf(fill(notice.url, places))
  const said = { service, rollout, attempt, version: canary, stable, step, weight, sentence }
  const body = notice.body === undefined ? JSON.stringify(said) : textOf(fillJson(notice.body, places))
  const looked = await lookUp(notice.headers, baseDirectory)
  if ('problem' in looked) throw new Error(looked.problem)
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const [name, value] of Object.entries(looked.values)) headers[name.toLowerCase()] = value
  const answer = await callOnce({ url, method: 'POST', headers, body, timeoutMs: notice.timeout }, signal)
  const problem = 'problem' in answer ? answer.problem : answer.status < 300 ? null : `answered ${answer.status}`
  if (problem !== null) throw new Error(looked.hide(`${shortAddress(url)} ${problem}.`))
}

function textOf(filled: ReturnType<typeof fill>): string {
  return 'text' in filled ? filled.text : ''
}
