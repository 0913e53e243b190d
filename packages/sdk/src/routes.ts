import type { api, OperationName } from '@serin/spec'

type Route<N extends OperationName> = `${(typeof api)[N]['method']} ${(typeof api)[N]['path']}`

/**
 * Where each operation answers: all that a call needs of the API table. The table itself, with its schemas, stays out of programs that only call, such as
 * pages in a browser; that both agree is checked by the compiler.
 */
export const routes: { readonly [N in OperationName]: Route<N> } = {
  listServices: 'GET /v1/services',
  getService: 'GET /v1/services/{service}',
  applyFile: 'PUT /v1/file',
  release: 'POST /v1/services/{service}/release',
  plan: 'POST /v1/services/{service}/plan',
  getTraffic: 'GET /v1/services/{service}/traffic',
  simulate: 'POST /v1/services/{service}/simulations',
  listSimulations: 'GET /v1/simulations',
  getSimulation: 'GET /v1/simulations/{simulation}',
  cancelSimulation: 'POST /v1/simulations/{simulation}/cancel',
  assignment: 'POST /v1/services/{service}/assignment',
  undo: 'POST /v1/services/{service}/undo',
  startRelease: 'POST /v1/releases',
  listReleases: 'GET /v1/releases',
  getRelease: 'GET /v1/releases/{release}',
  pauseRelease: 'POST /v1/releases/{release}/pause',
  resumeRelease: 'POST /v1/releases/{release}/resume',
  abortRelease: 'POST /v1/releases/{release}/abort',
  listRollouts: 'GET /v1/rollouts',
  getRollout: 'GET /v1/rollouts/{rollout}',
  getHistory: 'GET /v1/rollouts/{rollout}/history',
  pause: 'POST /v1/rollouts/{rollout}/pause',
  resume: 'POST /v1/rollouts/{rollout}/resume',
  promote: 'POST /v1/rollouts/{rollout}/promote',
  jump: 'POST /v1/rollouts/{rollout}/jump',
  approve: 'POST /v1/rollouts/{rollout}/approve',
  abort: 'POST /v1/rollouts/{rollout}/abort',
  retry: 'POST /v1/rollouts/{rollout}/retry',
  journal: 'GET /v1/journal',
  verifyJournal: 'GET /v1/journal/verify',
  observe: 'POST /v1/observations',
  whoami: 'GET /v1/whoami',
  createLoginLink: 'POST /v1/login-links',
  listTokens: 'GET /v1/tokens',
  createToken: 'POST /v1/tokens',
  revokeToken: 'POST /v1/tokens/{name}/revoke',
}
