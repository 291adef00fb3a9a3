/** Sweeps that change on their way, in one home: killed half-way and resumed, adjusted while they run, given more seeds when done. */
import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readRecord } from '../../activities/machine/services-record.js'
import { openHome } from '../../commands/services/home.js'
import { workerNames } from '../../commands/services/workers.js'
import { inHome, tiny } from './in-home.js'

const { home, rlev, configFile, statusOf, becomes, end } = inHome()
after(end)

const arms = ['correctness', 'human-aligned']
const seeds = [1, 2]
const cells = seeds.flatMap(seed => arms.map(arm => `${arm}/seed-${seed}`))

const halved = configFile(
  'halved',
  `steps: 45
${tiny}
sweep:
  baseline: correctness
  seeds: [${seeds.join(', ')}]
  concurrency: 1
  arms:
    correctness: { reward: { scale: correctness } }
    human-aligned: {}
`,
)

interface Seen {
  state: string
  experiments: { id: string; state: string; step: number; weights?: string }[]
}

/** What shows whether anything of an experiment was sampled, updated or saved again; in a home at rest. */
function filesOf(id: string, parts = ['rollouts', 'checkpoints', 'evaluations']): string[] {
  const folder = join(home, 'runs', id)
  return parts.flatMap(part =>
    readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })
      .map(name => ({ name, stat: statSync(join(folder, part, name)) }))
      .filter(({ stat }) => stat.isFile())
      .map(({ name, stat }) => `${part}/${name} ${stat.ino} ${stat.mtimeMs} ${stat.size}`)
      .sort(),
  )
}

/** Of the processes that do the work: policies and workflows. */
function workers(): number[] {
  const { processes } = readRecord(openHome(home))
  return workerNames().flatMap(name => processes[name]?.pid ?? [])
}

test('a sweep whose workers are all killed is resumed: finished experiments stay, the one under way goes on, the rest run', async () => {
  assert.equal((await rlev('sweep', halved, '--detach')).status, 0)
  let seen: Seen
  do {
    await sleep(100)
    seen = await statusOf('halved')
  } while (!(seen.experiments.filter(({ state }) => state === 'done').length >= 1 && seen.experiments.some(underWay)))

  // Nothing is told to end: the workers are gone between two instructions.
  const killed = workers()
  assert.ok(killed.length >= 2)
  for (const pid of killed) process.kill(pid, 'SIGKILL')
  await sleep(500)
  seen = await statusOf('halved')
  const done = seen.experiments.filter(({ step, weights }) => step === 45 && weights !== undefined)
  assert.ok(done.length >= 1 && done.length < cells.length, JSON.stringify(seen.experiments))
  const finished = done.map(({ id }) => id)
  const before = finished.map(id => filesOf(id))
  const broken = seen.experiments.find(underWay)
  assert.ok(broken !== undefined)
  const sampled = filesOf(broken.id, ['rollouts'])

  assert.equal((await rlev('resume', 'halved')).status, 0)
  await becomes('halved', 'done')

  const after: Seen = await statusOf('halved')
  assert.deepEqual(
    after.experiments.map(({ state, step }) => [state, step]),
    cells.map(() => ['done', 45]),
  )
  // Of what was finished no file was written again, and of the one that was broken no step was sampled twice.
  assert.deepEqual(
    finished.map(id => filesOf(id)),
    before,
  )
  const then = filesOf(broken.id, ['rollouts'])
  assert.deepEqual(
    sampled.filter(line => !then.includes(line)),
    [],
  )
  assert.ok(then.length > sampled.length)
  for (const { id, weights } of done) assert.equal(after.experiments.find(one => one.id === id)?.weights, weights)
})

function underWay({ state, step }: Seen['experiments'][number]): boolean {
  return state !== 'done' && step > 6 && step < 39
}

const adjusted = configFile(
  'adjusted',
  `steps: 6
${tiny}
sweep:
  baseline: correctness
  seeds: [1, 2]
  concurrency: 1
  arms:
    correctness: { reward: { scale: correctness } }
    hopeless: { steps: 100000, update: { learningRate: 1.0e-5 } }
    human-aligned: {}
`,
)

test('an arm that is given up is cancelled or left out, more run at a time, and the sweep ends well without it', async () => {
  assert.equal((await rlev('sweep', adjusted, '--detach')).status, 0)
  const states = async () => {
    const { experiments } = await statusOf('adjusted')
    return experiments.map(({ arm, seed, state }: Record<string, unknown>) => `${arm} ${seed} ${state}`)
  }
  for (const end = Date.now() + 60_000; !(await states()).includes('hopeless 1 running'); await sleep(200)) {
    assert.ok(Date.now() < end, `${await states()}`)
  }
  assert.match((await rlev('adjust', 'adjusted', '--concurrency', '2')).out, /runs 2 at a time from now on/)
  assert.match((await rlev('adjust', 'adjusted', '--stop-arm', 'hopeless')).out, /gives up hopeless/)
  const watched = await rlev('watch', 'adjusted')
  assert.equal(watched.status, 0, `${await states()}\n${watched.out}\n${watched.err}`)
  assert.deepEqual(await states(), [
    'correctness 1 done',
    'hopeless 1 cancelled',
    'human-aligned 1 done',
    'correctness 2 done',
    'hopeless 2 cancelled',
    'human-aligned 2 done',
  ])
  const { out } = await rlev('compare', 'adjusted')
  assert.match(out, /Left out: hopeless, seed 1, /)
})

test('what a sweep cannot become is refused with the reason', async () => {
  const long = configFile('refusing', `extends: adjusted.yaml\n`)
  assert.equal((await rlev('sweep', long, '--detach')).status, 0)
  const refused = async (...words: string[]) => {
    const { status, err } = await rlev('adjust', 'refusing', ...words)
    assert.equal(status, 2, err)
    return err
  }
  assert.match(
    await refused('--stop-arm', 'hopelss'),
    /there is no arm hopelss; the arms are correctness, hopeless, human-aligned/,
  )
  assert.match(
    await refused('--stop-arm', 'correctness'),
    /correctness cannot be stopped, because other arms are compared with it/,
  )
  assert.match(await refused('--concurrency', '0'), /an integer of at least 1, not 0/)
  assert.match(await refused(), /--concurrency, --stop-arm or both/)
  assert.equal((await rlev('cancel', 'refusing')).status, 0)
  assert.match(
    (await rlev('adjust', 'refusing', '--concurrency', '2')).out,
    /^nothing to adjust: refusing was cancelled/,
  )
})

const withSeeds = (seeds: string) =>
  configFile(
    'grown',
    `steps: 6
tracking: { experiment: grown }
${tiny}
sweep:
  baseline: correctness
  seeds: ${seeds}
  arms:
    correctness: { reward: { scale: correctness } }
    human-aligned: {}
`,
  )

/** Names of all runs in the MLflow experiment of a page. */
async function trackedRuns(page: string): Promise<string[]> {
  const [, origin, experiment] = /^(http:\/\/[^/]+)\/#\/experiments\/(\d+)\/runs\//.exec(page) ?? []
  assert.ok(origin !== undefined && experiment !== undefined, page)
  const response = await fetch(`${origin}/api/2.0/mlflow/runs/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_ids: [experiment], max_results: 100 }),
  })
  const { runs } = (await response.json()) as { runs: { info: { run_name: string; status: string } }[] }
  return runs.map(({ info }) => `${info.run_name} ${info.status}`).sort()
}

test('seeds that are added to a sweep that is done run, and the others are neither made again nor tracked twice', async () => {
  assert.equal((await rlev('sweep', withSeeds('[1]'))).status, 0)
  const before = await statusOf('grown')
  assert.equal(before.state, 'done')
  const old = ['grown/correctness/seed-1', 'grown/human-aligned/seed-1']
  const files = old.map(id => filesOf(id))
  assert.ok(files.every(list => list.length > 8))

  const { status, out, err } = await rlev('sweep', withSeeds('[1, 2, 3]'))
  assert.equal(status, 0, `${out}\n${err}`)
  assert.match(out, /^grown goes on with 4 experiments of 6$/m)
  assert.match(out.replaceAll(/\n {10}/g, ' '), /^Effect .*\(95% interval over 3 paired seeds\)\.$/m)

  const grown = await statusOf('grown')
  assert.equal(grown.state, 'done')
  assert.equal(grown.experiments.length, 6)
  const weightsOf = (view: { experiments: { id: string; weights: string }[] }) =>
    view.experiments.filter(({ id }) => id.endsWith('seed-1')).map(({ weights }) => weights)
  assert.deepEqual(weightsOf(grown), weightsOf(before))
  assert.deepEqual(
    old.map(id => filesOf(id)),
    files,
  )
  const runs = await trackedRuns(grown.pages.mlflow)
  assert.equal(runs.length, 7, runs.join('\n'))
  assert.ok(
    runs.every(run => run.endsWith(' FINISHED')),
    runs.join('\n'),
  )
})

test('taking seeds away is refused because they are part of the result', async () => {
  const { status, err } = await rlev('sweep', withSeeds('[1]'))
  assert.equal(status, 2)
  assert.match(err, /expected: settings\.seeds = \[1,2,3\]/)
})
