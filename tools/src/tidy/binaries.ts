import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

const largestText = 250_000

/** Files that are not text, or much of it, and why they are here. */
const allowed: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^package-lock\.json$/, why: 'What npm ci installs, exactly.' },
  { path: /^examples\/spam-filter\/.*\.tsv$/, why: 'The messages the demo sends.' },
  { path: /^examples\/spam-filter\/.*\.onnx$/, why: 'Trained models, so that the demo starts at once.' },
  { path: /^docs\/images\/[\w-]+\.(?:svg|png)$/, why: 'Pictures of the documentation.' },
]

/** Whether a file holds bytes that no text has. */
export function isBinary(repository: Repository, path: string): boolean {
  return repository.bytes(path).subarray(0, 8_000).includes(0)
}

/** A repository is read by people; what only machines read is listed. */
export const binaries = {
  promise: 'binary and very large files are listed with a reason',
  find: (repository) =>
    repository.paths
      .filter((path) => !allowed.some((one) => one.path.test(path)))
      .filter((path) => isBinary(repository, path) || repository.bytes(path).length > largestText)
      .map((file) => ({
        file,
        line: 1,
        message: `${isBinary(repository, file) ? 'A binary file' : `${repository.bytes(file).length} bytes`}: list it in tools/src/tidy/binaries.ts with a reason, or leave it out.`,
      })),
} satisfies Check
