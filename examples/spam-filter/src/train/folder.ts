import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { TrainedVersion, VersionName } from './versions.ts'

/** Where the trained models lie: Triton’s layout, one folder per version. */
export const modelFolder = new URL('../../models/spam/', import.meta.url)

/** Writes a version into its folder. */
export function writeVersion({ name, model, warmUp }: TrainedVersion): void {
  const folder = new URL(`${name}/`, modelFolder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('model.onnx', folder), model)
  writeFileSync(new URL('warmup.json', folder), warmUp)
}

/** Reads the version that lies in its folder. */
export function readVersion(name: VersionName): TrainedVersion {
  const folder = new URL(`${name}/`, modelFolder)
  return {
    name,
    model: readFileSync(new URL('model.onnx', folder)),
    warmUp: readFileSync(new URL('warmup.json', folder), 'utf8'),
  }
}
