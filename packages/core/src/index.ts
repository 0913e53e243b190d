export * from './evidence.ts'
export * from './routing.ts'
