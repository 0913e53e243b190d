import { Worker } from 'node:worker_threads'
import { parseWorldFile, SerinError, type Service, type SimulationAsked, type SimulationJob } from '@serin/spec'
import type { Told, Work } from './worker.ts'

/** Simulations that are remembered; the oldest give way. */
const mostKept = 20
/** No simulation works for longer; what it has played by then stays. */
const longestMs = 300_000
/** So many may be begun by one person in a minute. */
const mostInMinute = 10
const minuteMs = 60_000
/** A thread that needs more is not worth a control plane. */
const mostMegabytes = 512

/** What is to be simulated, and for whom. */
export interface Wanted {
  readonly service: string
  readonly spec: Service
  readonly asked: SimulationAsked
  readonly by: string
}

/** Simulates releases beside the control plane, one at a time; the last few are remembered until it stops. */
export class SimulationDesk {
  readonly #now: () => number
  readonly #longestMs: number
  #jobs: readonly SimulationJob[] = []
  #number = 0
  #running: { readonly id: string; readonly worker: Worker; readonly timer: NodeJS.Timeout } | null = null

  constructor(now: () => number, patienceMs = longestMs) {
    this.#now = now
    this.#longestMs = patienceMs
  }

  /** Begins a simulation. Throws `simulation.under-way`, `simulation.too-often`, or what is wrong with the world file. */
  begin({ service, spec, asked, by }: Wanted): SimulationJob {
    const { worlds, worldFile, seeds, to } = asked
    if (worldFile !== undefined) parseWorldFile(worldFile, 'world file')
    this.#requireTurn(by)
    this.#number += 1
    const job: SimulationJob = {
      id: `simulation-${this.#number}`,
      service,
      stable: spec.stable,
      canary: to,
      by,
      state: 'running',
      failure: null,
      startedAt: this.#now(),
      endedAt: null,
      done: 0,
      of: seeds * (worlds.length + (worldFile === undefined ? 0 : 1)),
      asked,
      simulations: [],
    }
    this.#jobs = [job, ...this.#jobs].slice(0, mostKept)
    this.#start(job.id, { service, spec, asked })
    return job
  }

  /** Newest first; of one service if it is named. */
  list(service?: string): readonly SimulationJob[] {
    return this.#jobs.filter((job) => service === undefined || job.service === service)
  }

  /** Throws `simulation.not-found`. */
  get(id: string): SimulationJob {
    const job = this.#jobs.find((each) => each.id === id)
    if (job === undefined) throw new SerinError('simulation.not-found', `There is no simulation called "${id}".`)
    return job
  }

  /** Ends a simulation; one that is over stays as it is. Throws `simulation.not-found`. */
  cancel(id: string): SimulationJob {
    if (this.get(id).state === 'running') this.#end(id, 'cancelled')
    return this.get(id)
  }

  /** Ends what is under way. */
  close(): void {
    if (this.#running !== null) this.#end(this.#running.id, 'cancelled')
  }

  #requireTurn(by: string): void {
    const running = this.#jobs.find(({ state }) => state === 'running')
    if (running !== undefined) {
      const { id, service, canary, done, of } = running
      throw new SerinError(
        'simulation.under-way',
        `${id} is under way for ${running.by}: ${service} to ${canary}, ${done} of ${of} releases. There is one at a time.`,
      )
    }
    const lately = this.#jobs.filter((job) => job.by === by && this.#now() - job.startedAt < minuteMs)
    if (lately.length >= mostInMinute)
      throw new SerinError('simulation.too-often', `${by} has begun ${lately.length} simulations in a minute.`)
  }

  #start(id: string, work: Work): void {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: work,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    })
    const timer = setTimeout(() => this.#end(id, 'timed-out'), this.#longestMs)
    timer.unref()
    worker.unref()
    this.#running = { id, worker, timer }
    worker.on('message', ({ done, simulations, over }: Told) => {
      this.#change(id, { done, simulations: [...simulations] })
      if (over) this.#end(id, 'done')
    })
    worker.on('error', (error: unknown) => {
      this.#end(id, 'failed', error instanceof Error ? error.message : String(error))
    })
  }

  #end(id: string, state: SimulationJob['state'], failure: string | null = null): void {
    if (this.#running?.id !== id) return
    const { worker, timer } = this.#running
    this.#running = null
    clearTimeout(timer)
    void worker.terminate()
    this.#change(id, { state, failure, endedAt: this.#now() })
  }

  /** What comes after the end is not heard. */
  #change(id: string, change: Partial<SimulationJob>): void {
    this.#jobs = this.#jobs.map((job) => (job.id === id && job.state === 'running' ? { ...job, ...change } : job))
  }
}
