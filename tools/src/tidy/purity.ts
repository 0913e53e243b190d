import { mask } from '../read/mask.ts'
import { isTestModule, modulesOf } from '../read/modules.ts'
import { matches, type Check } from './check.ts'

/** The pure rooms have no clock, chance or network by their compiler settings and the linter; promises are left to this check. */
export const purity = {
  promise: 'stats, spec and core know no promise: no async, no await, no Promise',
  find: (repository) =>
    modulesOf(repository)
      .filter((file) => /^packages\/(?:stats|spec|core)\//.test(file) && !isTestModule(file))
      .flatMap((file) =>
        matches(
          file,
          mask(repository.text(file)),
          /\b(?:async|await|Promise|AsyncIterable|AsyncGenerator)\b/g,
          (word) => `${word} in a pure room: decide here, do it in the engine (docs/decisions/0001-pure-core.md).`,
        ),
      ),
} satisfies Check
