/** A line people know from `kubectl argo rollouts`, and the line of Serin that does it. */
interface ArgoWord {
  /** The command, or with a flag the command and its flag; `*` is any command. */
  readonly verb: string
  /** Only when one of these is given. */
  readonly flags?: readonly string[]
  /** Only when this word comes next. */
  readonly next?: readonly string[]
  readonly ours: string
}

const [full, next] = ['serin promote SERVICE --full', 'serin promote SERVICE']

/** The first that fits is told; what Serin calls the same is not here. */
const argoWords: readonly ArgoWord[] = [
  {
    verb: '*',
    flags: ['--namespace', '--context', '--kubeconfig', '--cluster'],
    ours: '--data DIRECTORY, or SERIN_URL with SERIN_TOKEN: they say which control plane',
  },
  { verb: 'list', next: ['experiments', 'experiment', 'exp'], ours: 'serin get rollouts: an experiment is a rollout' },
  { verb: 'list', ours: 'serin get rollouts' },
  { verb: 'get', flags: ['-w', '--watch'], ours: 'serin watch SERVICE' },
  { verb: 'get', next: ['experiments', 'experiment', 'exp'], ours: 'serin get rollouts: an experiment is a rollout' },
  { verb: 'set', next: ['weight'], ours: 'serin jump SERVICE --to STEP' },
  { verb: 'set', ours: 'serin release SERVICE --to VERSION, after serin apply when the version is new' },
  {
    verb: 'restart',
    ours: 'serin release SERVICE --to VERSION: the same settings under a new name, after serin apply',
  },
  { verb: 'terminate', ours: 'serin abort SERVICE' },
  { verb: 'retry', next: ['rollout', 'experiment'], ours: 'serin retry SERVICE' },
  { verb: 'status', flags: ['-t'], ours: 'serin status SERVICE -w --timeout TIME' },
  { verb: 'status', flags: ['--watch'], ours: 'serin status SERVICE, which waits only with -w' },
  { verb: 'undo', flags: ['--to-revision'], ours: 'serin undo SERVICE --to VERSION' },
  { verb: 'promote', flags: ['--skip-all-steps'], ours: full },
  { verb: 'promote', flags: ['-c', '--skip-current-step'], ours: next },
  { verb: 'dashboard', flags: ['-p', '--port'], ours: 'serin up --port PORT; serin dashboard prints the link to it' },
  { verb: 'lint', flags: ['--filename'], ours: 'serin lint -f FILE' },
  { verb: 'create', ours: 'serin apply -f FILE' },
  { verb: 'notifications', ours: 'notify in serin.yaml' },
  { verb: 'version', ours: 'serin --version' },
]

/** What a line that was not understood is called here, when it is one of `kubectl argo rollouts`: `In Serin "set weight" is: serin jump SERVICE --to STEP.` */
export function argoHint(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => !word.startsWith('-'))
  const [verb, second] = at < 0 ? [] : argv.slice(at)
  const flags = argv.filter((word) => word.startsWith('-')).map((word) => word.split('=')[0] ?? word)
  for (const word of argoWords) {
    if (word.verb !== '*' && word.verb !== verb) continue
    if (word.next !== undefined && !word.next.includes(second ?? '')) continue
    const flag = word.flags?.find((one) => flags.includes(one))
    if (word.flags !== undefined && flag === undefined) continue
    const theirs = [word.verb === '*' ? undefined : verb, word.next === undefined ? undefined : second, flag]
    return `In Serin "${theirs.filter((part) => part !== undefined).join(' ')}" is: ${word.ours}.`
  }
  return undefined
}
