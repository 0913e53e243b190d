import {
  advanceRelease,
  beginRelease,
  isOver,
  isReleaseOver,
  type MemberView,
  type Release,
  type ReleaseAct,
  type ReleaseEvent,
  type RolloutSeen,
} from '@serin/core'
import type { Clock, JournalDraft, JournalEntry, Store } from '@serin/kit'
import { SerinError, type Release as ReleaseView, type ReleaseAsked } from '@serin/spec'
import type { Asker } from '../asker.ts'
import { keys, type RolloutDocument } from '../documents.ts'
import type { ServiceActor } from '../service/actor.ts'
import { describeRelease } from './describe-release.ts'
import { eventEntries, startedEntry } from './release-entries.ts'

/** What coupled releases work with. */
export interface ReleasePorts {
  readonly store: Store
  readonly clock: Clock
  /** A service by its name; throws `service.not-found`. */
  readonly service: (name: string) => ServiceActor
  /** Called after every durable change. */
  readonly publish: (journal: readonly JournalEntry[]) => void
  /** Hears of errors that nobody foresaw. */
  readonly defect: (error: unknown) => void
}

/** A command that a person gives. */
type ReleaseCommand = Extract<ReleaseEvent, { by: string }>

const lookEveryMs = 1_000
/** News that comes together is looked at together. */
const gatherMs = 20
/** Releases that are kept with their documents; the journal keeps all of them. */
const keptReleases = 200
/** Each look does something that the one before asked for; there is not more to do than this. */
const mostLooks = 100

/**
 * The hands of coupled releases: they write down what the machine decides, and then do it. What has to be done follows from the documents alone, so a look
 * after a restart asks for exactly what had not been done before.
 */
export class Releases {
  readonly #ports: ReleasePorts
  readonly #releases = new Map<string, Release>()
  #wake: () => void = () => undefined
  #isWoken = false

  constructor(ports: ReleasePorts) {
    this.#ports = ports
  }

  /** Goes on with every release the store knows; resolves when the signal aborts. Its services have to be there already. */
  async run(signal: AbortSignal): Promise<void> {
    const documents = this.#ports.store.list(keys.release('')).map(({ value }) => value as Release)
    for (const release of documents.toSorted((a, b) => a.number - b.number)) this.#releases.set(release.id, release)
    while (!signal.aborted) {
      for (const release of this.#releases.values()) this.#look(release.id)
      await this.#pause(signal)
    }
  }

  /** Something has happened to a rollout: looks soon, not only at the next second. */
  wake(): void {
    this.#isWoken = true
    this.#wake()
  }

  /** Starts a release of several services: when one of them could not be released now, none is. */
  start(asked: ReleaseAsked, asker: Asker): ReleaseView {
    const { order, hotfix } = asked
    for (const [i, { service }] of asked.members.entries()) {
      if (asked.members.findIndex((member) => member.service === service) !== i)
        throw new SerinError('release.refused', `${service} is named twice.`)
      const other = this.#openWith(service)
      if (other !== undefined)
        throw new SerinError('release.refused', `${service} belongs to ${other.id}, which is ${other.state}.`)
    }
    const members = asked.members.map(({ service, to }) => {
      const actor = this.#ports.service(service)
      actor.requireReleasable({ to, hotfix })
      return { service, to, from: actor.document.stable }
    })
    const number = Math.max(0, ...[...this.#releases.values()].map((release) => release.number)) + 1
    const release = beginRelease({ number, order, hotfix, members, ...asker }, this.#ports.clock.now())
    this.#commit(release, [startedEntry(release)])
    this.#look(release.id)
    return this.get(release.id)
  }

  /** Gives a release a command; throws `release.refused` with the reason when it does not fit. */
  command(id: string, command: ReleaseCommand): ReleaseView {
    this.#advance(this.#find(id), command)
    this.#look(id)
    return this.get(id)
  }

  get(id: string): ReleaseView {
    return this.#describe(this.#find(id))
  }

  /** Newest first. */
  list(limit: number): readonly ReleaseView[] {
    return [...this.#releases.values()]
      .toSorted((a, b) => b.number - a.number)
      .slice(0, limit)
      .map((release) => this.#describe(release))
  }

  #find(id: string): Release {
    const release = this.#releases.get(id)
    if (release !== undefined) return release
    const latest = [...this.#releases.keys()].at(-1)
    throw new SerinError(
      'release.not-found',
      `There is no coupled release "${id}"${latest === undefined ? ' yet' : `; the latest is ${latest}`}.`,
    )
  }

  #openWith(service: string): Release | undefined {
    return [...this.#releases.values()].find(
      (release) => !isReleaseOver(release) && release.members.some((member) => member.service === service),
    )
  }

  /** Looks, does what is asked, and looks again, until nothing more is to be done now. A store that cannot write, or a freeze, is a reason to wait. */
  #look(id: string): void {
    try {
      for (let turn = 0; turn < mostLooks; turn += 1) {
        const release = this.#find(id)
        if (isReleaseOver(release)) return
        const acts = this.#advance(release, { type: 'seen', views: this.#views(release) })
        if (acts.length === 0 || !this.#doAll(id, acts)) return
      }
    } catch (error) {
      if (!(error instanceof SerinError)) this.#ports.defect(error)
    }
  }

  /** Returns whether anything was done, or refused for good. */
  #doAll(id: string, acts: readonly ReleaseAct[]): boolean {
    let done = false
    for (const act of acts) {
      try {
        done = this.#do(this.#find(id), act) || done
      } catch (error) {
        if (!(error instanceof SerinError)) throw error
        // What can pass is tried again at the next look.
        if (error.code === 'rollout.frozen' || error.code.startsWith('store.')) continue
        this.#advance(this.#find(id), { type: 'refused', act, why: error.message })
        // What else was asked may not be wanted any more; but a command that came too late keeps none of the others from being given.
        if (act.type === 'start' || act.type === 'undo') return true
      }
    }
    return done
  }

  /** Returns whether anything was done. */
  #do({ id, turn, hotfix, by, why, startedBy }: Release, act: ReleaseAct): boolean {
    const actor = this.#ports.service(act.service)
    const part = { release: id, turn }
    const because = why === '' ? id : `${id}: ${why}`
    if (act.type === 'start')
      actor.release({ to: act.to, onActive: 'refuse', hotfix, part }, { by: startedBy, why: because })
    else if (act.type === 'undo') actor.undo(act.to, { by, why: because }, part)
    else if (actor.latestRollout()?.id === act.rollout) actor.command({ type: act.type, by, why: because })
    else return false
    return true
  }

  #views(release: Release): readonly MemberView[] {
    return release.members.map(({ service }) => viewOf(release, this.#ports.service(service)))
  }

  /** First durable, then in memory. Throws `release.refused` when the event does not fit; nothing is written when nothing changes. */
  #advance(release: Release, event: ReleaseEvent): readonly ReleaseAct[] {
    const outcome = advanceRelease(release, event, this.#ports.clock.now())
    if ('refused' in outcome) throw new SerinError('release.refused', `${release.id}: ${outcome.refused}`)
    const { release: next, acts } = outcome
    if (next !== release) this.#commit(next, eventEntries(release, next, event))
    return acts
  }

  #commit(release: Release, journal: readonly JournalDraft[]): void {
    const { store, clock, publish } = this.#ports
    const over = [...this.#releases.values()].filter(isReleaseOver)
    const forgotten = over.slice(0, Math.max(0, over.length - keptReleases)).map(({ id }) => id)
    const entries = store.commit({
      at: clock.now(),
      documents: [{ key: keys.release(release.id), value: release }],
      removed: forgotten.map(keys.release),
      journal,
    })
    for (const id of forgotten) this.#releases.delete(id)
    this.#releases.set(release.id, release)
    publish(entries)
  }

  #describe(release: Release): ReleaseView {
    return describeRelease(release, (service, id) => {
      const actor = this.#ports.service(service)
      const rollout = actor.rollout(id)
      return rollout === undefined ? null : actor.describe(rollout)
    })
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports
    await clock.sleep(gatherMs, signal).catch(() => undefined)
    if (!this.#isWoken && !signal.aborted) {
      const woken = new AbortController()
      this.#wake = () => woken.abort(new Error('woken'))
      await clock.sleep(lookEveryMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined)
      this.#wake = () => undefined
    }
    this.#isWoken = false
  }
}

function viewOf({ id, turn }: Release, actor: ServiceActor): MemberView {
  const latest = actor.latestRollout()
  const own = actor.rollouts().filter(({ part }) => part?.release === id)
  const ofTurn = (n: number) => seen(own.findLast(({ part }) => part?.turn === n))
  return {
    stable: actor.document.stable,
    active: latest === null || isOver(latest.state) ? null : { id: latest.id, to: latest.plan.canary },
    out: ofTurn(0),
    back: turn === 0 ? null : ofTurn(turn),
  }
}

function seen(rollout: RolloutDocument | undefined): RolloutSeen | null {
  if (rollout === undefined) return null
  const { id, state } = rollout
  return {
    id,
    phase: state.phase,
    reason: 'reason' in state ? state.reason : null,
    why: 'why' in state ? state.why : '',
  }
}
