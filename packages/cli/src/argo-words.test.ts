import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './testing/run.ts'

const lines: readonly (readonly [theirs: string, says: string])[] = [
  ['list rollouts', 'In Serin "list" is: serin get rollouts.'],
  ['list experiments', 'In Serin "list experiments" is: serin get rollouts: an experiment is a rollout.'],
  ['get rollout shop -w', 'In Serin "get -w" is: serin watch SERVICE.'],
  ['get experiment one', 'In Serin "get experiment" is: serin get rollouts: an experiment is a rollout.'],
  ['set image shop shop=shop:v2', 'In Serin "set" is: serin release SERVICE --to VERSION'],
  ['set weight shop 20', 'In Serin "set weight" is: serin jump SERVICE --to STEP.'],
  ['restart shop', 'In Serin "restart" is: serin release SERVICE --to VERSION'],
  ['terminate analysisrun one', 'In Serin "terminate" is: serin abort SERVICE.'],
  ['retry rollout shop', 'In Serin "retry rollout" is: serin retry SERVICE.'],
  ['status shop -t 60s', 'In Serin "status -t" is: serin status SERVICE -w --timeout TIME.'],
  ['status shop --watch=false', 'In Serin "status --watch" is: serin status SERVICE, which waits only with -w.'],
  ['undo shop --to-revision=2', 'In Serin "undo --to-revision" is: serin undo SERVICE --to VERSION.'],
  ['promote shop --skip-current-step', 'In Serin "promote --skip-current-step" is: serin promote SERVICE.'],
  ['promote shop --skip-all-steps', 'In Serin "promote --skip-all-steps" is: serin promote SERVICE --full.'],
  ['dashboard --port 3100', 'In Serin "dashboard --port" is: serin up --port PORT'],
  ['lint --filename rollout.yaml', 'In Serin "lint --filename" is: serin lint -f FILE.'],
  ['create -f rollout.yaml', 'In Serin "create" is: serin apply -f FILE.'],
  ['notifications template get', 'In Serin "notifications" is: notify in serin.yaml.'],
  ['version', 'In Serin "version" is: serin --version.'],
  ['abort shop --namespace prod', 'In Serin "--namespace" is: --data DIRECTORY'],
]
for (const [theirs, says] of lines) {
  test(`serin ${theirs}: the error names our line`, async () => {
    const { code, stdout, stderr } = await run(theirs.split(' '))
    assert.deepEqual([code, stdout], [1, ''])
    const [first = ''] = stderr.split('\n')
    assert.ok(first.includes(says), stderr)
  })
}

test('what is only misspelt keeps its own suggestion', async () => {
  for (const line of ['lst', 'get servces', 'promote shop --ful']) {
    const { stderr } = await run(line.split(' '))
    assert.match(stderr, /Did you mean|Known:/)
    assert.doesNotMatch(stderr, /In Serin/)
  }
})

test('the names that both have stay ours', async () => {
  for (const line of ['abort shop', 'pause shop', 'promote shop --full', 'retry shop', 'lint -f /nowhere.yaml']) {
    const { code, stderr } = await run(line.split(' '), { env: { SERIN_DATA: '/nowhere' } })
    assert.equal(code, 1)
    assert.doesNotMatch(stderr, /usage\.invalid|In Serin/)
  }
})
