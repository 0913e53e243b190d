import { cookieValue, viewOf } from '@serin/core/assignment'
import type { RequestView } from '@serin/core/assignment'
import type { RequestHead } from '../../wire/request-head.ts'

/** What a decision sees of a request, read from its bytes as it asks: the same as `viewOf` of `core` would show of it. */
export class HeadView implements RequestView {
  readonly #head: RequestHead
  readonly #address: string
  #full: RequestView | null = null
  #path: string | null = null
  #cookies: string | null = null

  constructor(head: RequestHead, address: string) {
    this.#head = head
    this.#address = address
  }

  header(name: string): string | undefined {
    return this.#head.plain ? this.#head.header(name) : this.#fully().header(name)
  }

  cookie(name: string): string | undefined {
    const { cookies, plain, fields } = this.#head
    if (cookies === -1) return undefined
    if (cookies < 0 || !plain) return this.#fully().cookie(name)
    // A text of all of them and a search in it: to look at each byte takes longer, and a browser may send kilobytes.
    this.#cookies ??= fields.value(cookies)
    return cookieValue(this.#cookies, name)
  }

  query(name: string): string | undefined {
    return this.#fully().query(name)
  }

  path(): string {
    if (this.#path !== null) return this.#path
    const { target } = this.#head
    const end = target.indexOf('?')
    return (this.#path = end < 0 ? target : target.slice(0, end))
  }

  address(): string {
    return this.#address
  }

  #fully(): RequestView {
    const head = this.#head
    this.#full ??= viewOf({ headers: (name) => head.header(name), target: head.target, address: this.#address })
    return this.#full
  }
}
