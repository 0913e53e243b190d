/** Rooms whose tests start nothing that stays and listen nowhere: nothing in them can be in the way of anything else in the same process. */
const calm = [
  'packages/core/',
  'packages/dashboard/',
  'packages/engine/',
  'packages/spec/',
  'packages/stats/',
  'tools/',
]
/** A hook that belongs to no suite would run for the tests of every file in the process, and what a process has only once would change for all. */
const disturbs =
  /^(?:void )?(?:before|after|beforeEach|afterEach)\(|process\.env\[[^\]]+\] \??\??= |delete process\.env|process\.chdir\(/m

/**
 * The processes that run test files, in the order of their first files: one each, but the files of a calm room share one, because to start a process and
 * to read the same modules again costs more than most of them do. What calibrates takes long, and is a process of its own to run beside the others.
 */
export function together(files: readonly string[], textOf: (file: string) => string): readonly (readonly string[])[] {
  const processes = new Map<string, string[]>()
  for (const file of files) {
    const room = calm.find((one) => file.startsWith(one))
    const shares = room !== undefined && !file.includes('.calibration.') && !disturbs.test(textOf(file))
    const key = shares ? room : file
    processes.set(key, [...(processes.get(key) ?? []), file])
  }
  return [...processes.values()]
}
