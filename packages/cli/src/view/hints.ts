import type { ServiceStatus } from '@serin/spec'

/** The commands that fit what is seen, most likely first. */
export function hintsFor({ name, rollout, versions, stable }: ServiceStatus): readonly string[] {
  const next = versions.find((version) => version.name !== stable)?.name ?? 'VERSION'
  if (rollout === null) return [`serin release ${name} --to ${next}`, `serin get versions ${name}`]
  const step = rollout.step === null ? '' : ` --step ${rollout.step + 1}`
  const approval = rollout.gate?.people == null ? [] : [`serin approve ${name}`]
  switch (rollout.phase) {
    case 'preparing':
      return [`serin abort ${name}`, `serin get versions ${name}`]
    case 'watching':
      return [
        ...approval,
        `serin pause ${name}`,
        `serin abort ${name}`,
        `serin promote ${name}${step}`,
        `serin explain ${name}`,
      ]
    case 'holding':
      return [
        ...approval,
        // What failed, or was missing, is asked again; only a person goes past it.
        ...(asksAgain(rollout.reason) ? [`serin resume ${name}`] : []),
        ...(step === '' ? [] : [`serin promote ${name}${step}`]),
        ...(asksAgain(rollout.reason) ? [] : [`serin resume ${name}`]),
        `serin abort ${name}`,
        `serin explain ${name}`,
      ]
    case 'promoting':
    case 'rolling-back':
      return [`serin explain ${name}`]
    case 'promoted':
      return [`serin undo ${name}`, `serin explain ${name}`]
    case 'rolled-back':
      return [`serin explain ${name}`, `serin retry ${name}`, `serin get journal ${name}`]
  }
}

function asksAgain(reason: string | null): boolean {
  return reason === 'gate' || reason === 'no-evidence' || reason === 'operator'
}
