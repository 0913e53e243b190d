import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Bytes of buffers that something still holds: what nobody holds is collected first. */
export async function heldBytes(): Promise<number> {
  for (let i = 0; i < 3; i += 1) {
    gc()
    // Sockets let go of what they have written in a turn of their own.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return process.memoryUsage().arrayBuffers
}
