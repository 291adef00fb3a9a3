/** `rlev serve` as a person starts it, and the functions of docs/serving.md in plain Python against it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { projectFolder } from '../../../commands/services/project.js'
import { begin, type Calling, call } from '../call.js'

const root = mkdtempSync(join(tmpdir(), 'rlev-serve-command-'))
after(() => rmSync(root, { recursive: true }))

async function started(t: TestContext, ...words: string[]): Promise<Calling & { url: string }> {
  const calling = begin(['serve', '--port', '0', ...words])
  t.after(async () => {
    calling.child.kill('SIGKILL')
    await calling.done
  })
  const ended = calling.done.then(({ err }) => assert.fail(`it ended: ${err}`))
  for (;;) {
    const url = /POST (http:\S+)\/score/.exec(calling.out())?.[1]
    if (url !== undefined) {
      ended.catch(() => {})
      return { ...calling, url }
    }
    await Promise.race([wait(50), ended])
  }
}

const post = async (url: string, rows: readonly object[]) => {
  const answer = await fetch(`${url}/score`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(rows),
  })
  return (await answer.json()) as { verdict: string; reward: number }[]
}

const row = { response: '18', answer: '18', points: 5, total: 100 }

test('it says what it serves and where, answers what is under way when it is told to end, and ends', async t => {
  const module = join(root, 'slow.mjs')
  writeFileSync(
    module,
    'export const verify = async ({ answer }) => (await new Promise(settle => setTimeout(settle, 1500)), answer === "18")',
  )
  const { child, done, out, url } = await started(t, '--set', `reward.verifier=${module}`)
  assert.match(out(), /slow\.mjs, scale human-aligned \(alpha 10, cap 1\)/)
  const asked = post(url, [row])
  while (!(await (await fetch(`${url}/metrics`)).text()).includes('rlev_rows_at_work 1\n')) await wait(20)
  child.kill('SIGTERM')
  assert.equal((await asked)[0]?.reward, 1.5)
  const { status, err } = await done
  assert.equal(status, 0)
  assert.match(err, /what is under way is answered/)
})

test('a call that cannot be served is refused with status 2, before anything listens', async () => {
  const cases: [string[], RegExp][] = [
    [['--host', '0.0.0.0'], /needs a token.*RLEV_SERVE_TOKEN/s],
    [['--set', 'reward.scale=uniform'], /the uniform scale is a mean over the training items.*--config FILE/s],
    [['--config', 'configs/quickstart.yaml'], /different rewards.*--arm with one of correctness, human-aligned/s],
    [['--config', 'configs/quickstart.yaml', '--arm', 'none'], /no such arm/],
    [['--config', 'configs/smoke.yaml', '--set', 'value.site=loss'], /value\.site: reward/],
    [['--port', '70000'], /at most 65535/],
  ]
  for (const [words, expected] of cases) {
    const { status, err } = await call('serve', ...words)
    assert.equal(status, 2, err)
    assert.match(err, expected)
  }
})

test('a port that is taken is told', async t => {
  const { url } = await started(t)
  const { status, err } = await call('serve', '--port', new URL(url).port)
  assert.equal(status, 2)
  assert.match(err, /cannot listen there.*EADDRINUSE.*another --port/s)
})

test('an arm of a sweep is served; the uniform scale is the mean over its training items', async t => {
  const { url } = await started(t, '--config', 'configs/quickstart.yaml', '--arm', 'uniform')
  const small = { ...row, response: '#18' }
  const [first, second] = await post(url, [small, { ...small, points: 20 }])
  assert.equal(first?.reward, second?.reward)
  assert.ok((first?.reward ?? 0) > 1 && (first?.reward ?? 0) < 2)
})

/** The blocks of a page in a language. */
function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(join(projectFolder, 'docs', page), 'utf8')
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, block]) => block as string)
}

test('the functions for TRL and verl in docs/serving.md give the known rewards in plain Python', async t => {
  const { url } = await started(t, '--set', 'reward.verifier=numeric')
  const [trl = '', verl = ''] = blocksOf('serving.md', 'python')
  const program = join(root, 'try.py')
  writeFileSync(
    program,
    `${trl}
${verl}
rewards = rlev_reward(prompts=["9+9="] * 5, completions=["#### 18", [{"role": "assistant", "content": "18"}], "17", "18", "18"],
    completion_ids=[[1]] * 5, trainer_state=object(), log_extra=print, log_metric=print,
    answer=["18", "18", "18", "?", "18"], points=[5, 20, 20, 5, None], total=[100] * 5, value=[None] * 4 + [0.02])
class Array(list):
    def tolist(self): return list(self)
scores = [compute_score("rlev", said, "18", {"points": points, "total": 100.0, "choices": Array(), "extra": extra}, reward_router_address=None)
    for said, points, extra in [("#### 18", 5, None), ("18", 20, '{"unit": "cm"}'), ("17", 20, "")]]
scores.append(compute_score("rlev", "18", "?", {"points": 5, "total": 100}))
print(json.dumps({"rewards": rewards, "scores": scores}))
`,
  )
  const { stdout } = await promisify(execFile)('python3', [program], { env: { ...process.env, RLEV_URL: url } })
  assert.deepEqual(JSON.parse(stdout), {
    rewards: [1.5, 2, 0, null, 1.2],
    scores: [
      { score: 1.5, acc: 1, unscored: 0 },
      { score: 2, acc: 1, unscored: 0 },
      { score: 0, acc: 0, unscored: 0 },
      { score: 0, acc: 0, unscored: 1 },
    ],
  })
})
