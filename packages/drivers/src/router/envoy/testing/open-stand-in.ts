import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProxyContext, ProxyRouter } from '../../proxy/driven.ts'
import { openEnvoy } from '../driver.ts'

const program = join(tmpdir(), `serin-envoy-stand-in-${process.pid}`)
const main = fileURLToPath(new URL('stand-in.ts', import.meta.url))

process.once('exit', () => rmSync(program, { force: true }))

/** Opens the driver over the stand-in. */
export async function openStandIn(context: ProxyContext): Promise<ProxyRouter> {
  // Envoy is run without an environment; the stand-in has to find LuaJIT.
  writeFileSync(
    program,
    `#!/bin/sh\nexport PATH=/usr/local/bin:/usr/bin:/bin\nexec ${process.execPath} ${main} "$@"\n`,
    {
      mode: 0o755,
    },
  )
  return await openEnvoy({ ...context, command: program })
}
