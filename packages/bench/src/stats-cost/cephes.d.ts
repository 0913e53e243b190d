/** What is used of it: the package has types, but its `exports` hide them. */
declare module 'cephes' {
  const cephes: import('./peer.ts').Cephes & { readonly compiled: Promise<void> }
  export default cephes
}
