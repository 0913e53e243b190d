/** `npm run boundaries`: says which imports the arrows of the house do not allow. */
import { formatFindings } from '../finding.ts'
import { edgesOf, modulesOf } from '../read/modules.ts'
import { readRepository } from '../repository.ts'
import { checkBoundaries } from './check.ts'

const repository = readRepository()
const findings = checkBoundaries(repository)
if (findings.length > 0) {
  console.error(formatFindings(findings))
  process.exitCode = 1
} else {
  console.log(`${modulesOf(repository).length} modules, ${edgesOf(repository).length} imports: every arrow is allowed.`)
}
