import type { LiveEvent } from '@serin/sdk'
import type { ServiceStatus } from '@serin/spec'
import type { Output } from './output.ts'
import { clock, plural } from './view/figures.ts'
import { journalWords, toldLines } from './view/journal-words.ts'
import { cleanText } from './view/text.ts'

/** What a control plane in the foreground tells: the journal in words, versions that came up or failed, and trouble. Each once. */
export class UpLog {
  readonly #out: Output
  readonly #said = new Map<string, string>()

  constructor(out: Output) {
    this.#out = out
  }

  add(event: LiveEvent): void {
    if (event.type === 'service') return this.#service(event.status)
    for (const entry of toldLines([event.entry]))
      this.#line(entry.at, entry.stream.replace(/^\w+\//, ''), `${cleanText(entry.actor)}: ${journalWords(entry)}`)
  }

  #service({ name, versions, trouble }: ServiceStatus): void {
    for (const version of versions) {
      const key = `${name}/${version.name}`
      if (!this.#isNew(key, version.workload)) continue
      if (version.workload === 'ready')
        this.#line(Date.now(), name, `${version.name} is ready (${plural(version.replicas.length, 'replica')})`)
      if (version.workload === 'failed')
        this.#line(Date.now(), name, `${version.name} failed: ${version.failure?.message ?? 'the reason is not known'}`)
    }
    // Seconds that count up are no new trouble.
    const key = trouble.map((sentence) => sentence.replaceAll(/\d+/g, '#')).join(' ')
    if (this.#isNew(name, key) && key !== '')
      for (const sentence of trouble) this.#line(Date.now(), name, `■ ${cleanText(sentence)}`)
  }

  #isNew(key: string, value: string): boolean {
    if (this.#said.get(key) === value) return false
    this.#said.set(key, value)
    return true
  }

  #line(at: number, about: string, text: string): void {
    if (!this.#out.forPeople) return
    const paper = this.#out.paperFor('stderr')
    this.#out.note(`${paper.ink('quiet', clock(at))} ${paper.ink('strong', about)} ${cleanText(text)}`)
  }
}
