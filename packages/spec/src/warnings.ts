import { uncorrected } from './check-kayenta.ts'
import { mirrorsOf } from './check-router.ts'
import { speaksH2c } from './check-upstream.ts'
import { readsClaims } from './check-who.ts'
import type { Service, ServiceFile } from './service-file.ts'

/** What may be written but should be known, as sentences with their path. */
export function fileWarnings(file: ServiceFile): readonly { readonly path: string; readonly message: string }[] {
  return Object.entries(file.services).flatMap(([name, service]) =>
    warningsOf(service).map(({ path, message }) => ({ path: `services.${name}.${path}`, message })),
  )
}

function warningsOf(service: Service): readonly { readonly path: string; readonly message: string }[] {
  const { analysis, strategy, token, workload } = service
  return [
    ...(analysis.judge === 'kayenta' ? [{ path: 'analysis.judge', message: uncorrected }] : []),
    ...(readsClaims(service) && token?.jwks === undefined ? [{ path: 'token', message: unverified }] : []),
    ...(mirrorsOf(strategy).length > 0 && speaksH2c(workload) ? [{ path: 'strategy', message: uncopied }] : []),
  ]
}

const unverified =
  'Claims are believed without a look at the signature, since there is no "jwks": whoever writes a token of their own chooses who they are, and so their version. Harmless where something in front has verified the token.'

const uncopied =
  'Calls of gRPC are never copied: a service that speaks nothing else gets no pairs, and a step that asks for some waits to its deadline.'
