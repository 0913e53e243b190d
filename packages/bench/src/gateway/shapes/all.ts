import { bodies } from './bodies.ts'
import { changes } from './changes.ts'
import { hash } from './hash.ts'
import { http2 } from './http2.ts'
import { idle } from './idle.ts'
import type { Shape } from './shape.ts'
import { stalled } from './stalled.ts'
import { workers } from './workers.ts'

/** Every shape of load; a new one is a line here. */
export const shapes: readonly Shape[] = [bodies, workers, http2, changes, idle, stalled, hash]
