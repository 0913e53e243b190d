import type { WorkloadRunner } from '@serin/kit'
import { SerinError } from '@serin/spec'

/** A runner for a workload that cannot be opened: every version has failed, and says why. */
export function failedWorkload(error: unknown): WorkloadRunner {
  const failure =
    error instanceof SerinError
      ? { code: error.code, message: error.message }
      : { code: 'internal', message: 'The workload could not be opened: a defect in Serin.' }
  return {
    ensure() {
      // It stays as it is until the file is corrected.
    },
    dismiss() {
      // Nothing leaves.
    },
    observe: (version) => ({ version, replicas: [], state: 'failed', failure }),
    versions: () => [],
    stop: async () => {
      // Nothing runs.
    },
    detach() {
      // Nothing is held.
    },
  }
}
