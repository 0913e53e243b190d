import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

const own = /^packages\/drivers\/src\/([\w-]+)\/([\w-]+)\//
/** What drivers of one port share is no driver. */
const shared = new Set(['router/proxy', 'router/testing', 'workload/supervisor'])

/** One can add a driver by copying a silhouette. */
export const drivers = {
  promise: 'each driver has its silhouette: driver.ts, driver.test.ts, README.md',
  find: (repository) =>
    foldersOf(repository).flatMap((folder) =>
      ['driver.ts', 'driver.test.ts', 'README.md']
        .filter((piece) => !repository.has(`${folder}/${piece}`))
        .map((piece) => ({ file: `${folder}/${piece}`, line: 1, message: `The driver has no ${piece}.` })),
    ),
} satisfies Check

function foldersOf(repository: Repository): readonly string[] {
  const found = repository.paths.flatMap((path) => {
    const [, port, name] = own.exec(path) ?? []
    return port === undefined || shared.has(`${port}/${name}`) ? [] : [`packages/drivers/src/${port}/${name}`]
  })
  return [...new Set(found)]
}
