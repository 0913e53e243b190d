export * from './errors.ts'
export * from './nearest.ts'
export * from './service-file.ts'
export * from './units.ts'
