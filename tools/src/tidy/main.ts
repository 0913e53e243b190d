/** `npm run tidy`: says what in this repository is not as it should be; `npm run tidy -- --write` first mends what can be mended. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { formatFindings } from '../finding.ts'
import { readRepository, rootDirectory } from '../repository.ts'
import { checks } from './all.ts'

if (process.argv.includes('--write')) {
  for (const check of checks) {
    const repository = readRepository()
    const files = (await check.mend?.(repository)) ?? {}
    for (const [path, text] of Object.entries(files)) {
      if (text === '' || (repository.has(path) && repository.text(path) === text)) continue
      mkdirSync(dirname(join(rootDirectory, path)), { recursive: true })
      writeFileSync(join(rootDirectory, path), text)
      console.log(`Wrote ${path}.`)
    }
  }
}
const repository = readRepository()
let found = 0
for (const check of checks) {
  const findings = await check.find(repository)
  found += findings.length
  if (findings.length > 0) console.error(`\nNot so: ${check.promise}.\n${formatFindings(findings)}`)
}
if (found > 0) process.exitCode = 1
else console.log(`${repository.paths.length} files, ${checks.length} promises: all is tidy.`)
