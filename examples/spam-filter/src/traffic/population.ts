import type { LabelledMessage } from '../messages/messages.ts'
import { pick, type Random } from '../random.ts'

/** Somebody who has messages filtered. Comes once, posts some messages, and does not come back. */
export interface User {
  readonly id: string
  /** Versions that have answered this user. */
  readonly versions: Set<string>
  /** Share of spam in the user’s mail. */
  readonly spamShare: number
  messagesLeft: number
}

/** A message that a user posts. */
export interface Posting {
  readonly user: User
  readonly message: LabelledMessage
}

/** How many users there are, and what they post. */
export interface PopulationOptions {
  /** Users at any one time; whoever has posted all goes, and a new one comes. */
  readonly users: number
  /** What they post: drawn with replacement, so a message comes up again and again, each time for somebody else. */
  readonly messages: readonly LabelledMessage[]
  /** Begins every id; another one for every run, or the same users seem to come again. */
  readonly prefix: string
  readonly random: Random
}

const mostMessages = 40

/** Users who come, post and go: most post once or twice, some a dozen times, none more than forty times. */
export class Population {
  readonly #options: PopulationOptions
  readonly #good: readonly LabelledMessage[]
  readonly #spam: readonly LabelledMessage[]
  readonly #users: User[]
  #seen = 0

  constructor(options: PopulationOptions) {
    this.#options = options
    this.#good = options.messages.filter((message) => !message.spam)
    this.#spam = options.messages.filter((message) => message.spam)
    this.#users = Array.from({ length: options.users }, () => this.#newUser())
  }

  /** Users that have come so far. */
  get seen(): number {
    return this.#seen
  }

  /** The next message somebody posts. */
  next(): Posting {
    const { random } = this.#options
    // The square makes those at the front of the list post more often than those at its end.
    const place = Math.floor(this.#users.length * random() ** 2)
    const user = this.#users[place] ?? this.#newUser()
    user.messagesLeft -= 1
    if (user.messagesLeft === 0) this.#users[place] = this.#newUser()
    const message = pick(random() < user.spamShare ? this.#spam : this.#good, random)
    return { user, message }
  }

  #newUser(): User {
    const { random, prefix, messages } = this.#options
    this.#seen += 1
    const meanSpamShare = this.#spam.length / messages.length
    return {
      id: `${prefix}-${this.#seen.toString(36)}`,
      versions: new Set(),
      // From no spam at all to twice the usual.
      spamShare: this.#good.length === 0 ? 1 : Math.min(1, 2 * random() * meanSpamShare),
      messagesLeft: Math.min(mostMessages, Math.floor(1 / (1 - random()))),
    }
  }
}
