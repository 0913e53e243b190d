import { binaries } from './binaries.ts'
import type { Check } from './check.ts'
import { deadExports } from './dead-exports.ts'
import { deadModules } from './dead-modules.ts'
import { decisions } from './decisions.ts'
import { dependencies } from './dependencies.ts'
import { docBlocks } from './doc-blocks.ts'
import { docComments } from './doc-comments.ts'
import { drivers } from './drivers.ts'
import { leftovers } from './leftovers.ts'
import { length } from './length.ts'
import { markdown } from './markdown.ts'
import { names } from './names.ts'
import { packagePages } from './package-pages.ts'
import { printed } from './printed.ts'
import { purity } from './purity.ts'
import { readme } from './readme.ts'
import { secretsAndMachines } from './secrets.ts'

/** Everything that is true of this repository. */
export const checks: readonly Check[] = [
  length,
  names,
  docComments,
  purity,
  leftovers,
  secretsAndMachines,
  binaries,
  packagePages,
  drivers,
  deadModules,
  deadExports,
  dependencies,
  decisions,
  markdown,
  docBlocks,
  readme,
  printed,
]
