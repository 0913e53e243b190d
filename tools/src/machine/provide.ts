import type { Need } from './needs.ts'

/** What can be known of a machine before anything is done. */
export interface MachineFacts {
  readonly missing: readonly Need[]
  readonly hasApt: boolean
  readonly isRoot: boolean
  /** A missing thing that could be installed is a failure there, not a skip. */
  readonly isCi: boolean
}

/** What to do about what is missing. */
export type Provision =
  | { readonly do: 'nothing' }
  | { readonly do: 'install'; readonly packages: readonly string[] }
  | { readonly do: 'skip' | 'fail'; readonly sentence: string }

/** Decides: install when that is possible; else say so, and in CI fail where somebody could have installed it. */
export function decide({ missing, hasApt, isRoot, isCi }: MachineFacts): Provision {
  if (missing.length === 0) return { do: 'nothing' }
  const packages = missing.map((need) => need.debianPackage)
  if (hasApt && isRoot) return { do: 'install', packages }
  const names = missing.map((need) => need.command).join(', ')
  if (!hasApt)
    return { do: 'skip', sentence: `${names} is missing and there is no apt-get here. ${consequence(missing)}` }
  const sentence = `${names} is missing and only root can install it: apt-get install ${packages.join(' ')}. ${consequence(missing)}`
  return { do: isCi ? 'fail' : 'skip', sentence }
}

/** What follows when it cannot be had. */
export function consequence(missing: readonly Need[]): string {
  return `Its tests are skipped: ${missing.map((need) => need.why).join('; ')}.`
}
