/** A sweep that is killed half-way: `resume` runs what was missing, and nothing of what was there. */
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

const file = configFile(
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
function filesOf(cell: string, parts = ['rollouts', 'checkpoints', 'evaluations']): string[] {
  const folder = join(home, 'runs', 'halved', cell)
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
  assert.equal((await rlev('sweep', file, '--detach')).status, 0)
  let seen: Seen
  do {
    await sleep(200)
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
  const finished = done.map(({ id }) => id.replace('halved/', ''))
  const before = finished.map(cell => filesOf(cell))
  const broken = seen.experiments.find(underWay)
  assert.ok(broken !== undefined)
  const sampled = filesOf(broken.id.replace('halved/', ''), ['rollouts'])

  assert.equal((await rlev('resume', 'halved')).status, 0)
  await becomes('halved', 'done')

  const after: Seen = await statusOf('halved')
  assert.deepEqual(
    after.experiments.map(({ state, step }) => [state, step]),
    cells.map(() => ['done', 45]),
  )
  // Of what was finished no file was written again, and of the one that was broken no step was sampled twice.
  assert.deepEqual(
    finished.map(cell => filesOf(cell)),
    before,
  )
  const then = filesOf(broken.id.replace('halved/', ''), ['rollouts'])
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
