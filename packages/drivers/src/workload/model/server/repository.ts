import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { Engine } from './engine.ts'
import { HostedModel } from './hosted-model.ts'
import type { ModelSource } from './hosted-model.ts'
import { Unloadable } from './unloadable.ts'

/** The models of a server. */
export interface Repository {
  /** The one model of a server that has only one. */
  readonly only: HostedModel | null
  /** A model by name, whatever its state; null when the name was never loaded. */
  find(name: string): HostedModel | null
  /** Loads a model, or loads it anew. Rejects with `Unloadable` or a 404. */
  load(name: string): Promise<void>
  /** Everything that is or could be loaded. */
  index(): Promise<readonly IndexEntry[]>
}

/** A line of the protocol's repository index. */
export interface IndexEntry {
  readonly name: string
  readonly version?: string
  readonly state: string
  readonly reason: string
}

/** A repository of one model at one version. */
export function singleModel(engine: Engine, name: string, source: ModelSource): Repository {
  const only = new HostedModel(name, engine, async () => await Promise.resolve(source))
  const find = (wanted: string) => (wanted === name ? only : null)
  return {
    only,
    find,
    load: async (wanted) => await (find(wanted) ?? unknown(wanted)).load(),
    index: async () => await Promise.resolve([{ ...entryOf(only), version: source.version }]),
  }
}

/** A repository on disk: `NAME/VERSION/model.onnx`, the highest version number wins. Nothing is loaded before it is asked for. */
export function directoryRepository(engine: Engine, directory: string): Repository {
  const models = new Map<string, HostedModel>()
  const names = async () =>
    (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return {
    only: null,
    find: (name) => models.get(name) ?? null,
    async load(name) {
      // Only names that are listed: a path cannot lead elsewhere.
      if (!(await names()).includes(name)) unknown(name)
      const model = models.get(name) ?? new HostedModel(name, engine, async () => await latest(join(directory, name)))
      models.set(name, model)
      await model.load()
    },
    async index() {
      const known = new Set([...models.keys(), ...(await names())])
      return [...known]
        .toSorted()
        .map((name) => entryOf(models.get(name) ?? { name, version: null, state: 'UNAVAILABLE', reason: 'not loaded' }))
    },
  }
}

async function latest(directory: string): Promise<ModelSource> {
  const versions = (await readdir(directory)).filter((name) => /^[1-9]\d*$/.test(name))
  const version = versions.toSorted((a, b) => Number(b) - Number(a))[0]
  if (version === undefined) throw new Unloadable(`${directory} has no version, a folder with a number for a name.`)
  return { version, path: join(directory, version, 'model.onnx') }
}

function entryOf({
  name,
  version,
  state,
  reason,
}: Pick<HostedModel, 'name' | 'version' | 'state' | 'reason'>): IndexEntry {
  return { name, ...(version === null ? {} : { version }), state, reason }
}

function unknown(name: string): never {
  throw new ProtocolError(404, `There is no model "${name}" here.`)
}
