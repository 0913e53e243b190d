export * from './documents.ts'
export * from './engine.ts'
export type { Asker } from './service-actor.ts'
