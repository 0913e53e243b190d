import type { Command } from '../command.ts'
import { abort } from './abort.ts'
import { approve } from './approve.ts'
import { apply } from './apply.ts'
import { assign } from './assign.ts'
import { bench } from './bench.ts'
import { complete } from './complete.ts'
import { completion } from './completion.ts'
import { dashboard } from './dashboard.ts'
import { demo } from './demo.ts'
import { explain } from './explain.ts'
import { get } from './get.ts'
import { journalVerify } from './journal-verify.ts'
import { judge } from './judge.ts'
import { lint } from './lint.ts'
import { observe } from './observe.ts'
import { pause } from './pause.ts'
import { plan } from './plan.ts'
import { jump } from './jump.ts'
import { promote } from './promote.ts'
import { releaseSet } from './release-set.ts'
import { release } from './release.ts'
import { report } from './report.ts'
import { resume } from './resume.ts'
import { retry } from './retry.ts'
import { schema } from './schema.ts'
import { simulate } from './simulate.ts'
import { status } from './status.ts'
import { tokenCreate } from './token-create.ts'
import { tokenList } from './token-list.ts'
import { tokenRevoke } from './token-revoke.ts'
import { token } from './token.ts'
import { undo } from './undo.ts'
import { up } from './up.ts'
import { watch } from './watch.ts'

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  up,
  demo,
  plan,
  simulate,
  release,
  releaseSet,
  approve,
  promote,
  jump,
  pause,
  resume,
  abort,
  retry,
  undo,
  watch,
  status,
  dashboard,
  explain,
  report,
  assign,
  get,
  apply,
  lint,
  judge,
  schema,
  observe,
  journalVerify,
  token,
  tokenCreate,
  tokenList,
  tokenRevoke,
  bench,
  completion,
  complete,
]
