/** `rlev extend`, `clone` and `delete` over real services: what Temporal and MLflow have of the runs. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MlflowClient, tagOf } from '../../activities/mlflow/client.js'
import type { Run } from '../../activities/mlflow/types.js'
import { TemporalRuns } from '../../commands/runs/temporal-runs.js'
import { openHome } from '../../commands/services/home.js'
import { inHome, tiny } from './in-home.js'

const { home, rlev, configFile, statusOf, becomes, end } = inHome()
after(end)

async function done(...words: string[]) {
  const called = await rlev(...words)
  assert.equal(called.status, 0, `${called.out}\n${called.err}`)
  return called.out
}

const runsOf = async (filter: string): Promise<Run[]> => {
  const mlflow = new MlflowClient({ address: openHome(home).services?.mlflow.url ?? '' })
  const experiment = await mlflow.getExperimentByName('rlev')
  return mlflow.searchRuns({ experimentIds: [experiment?.experiment_id ?? ''], filter })
}

const tagged = (name: string) => runsOf(`attributes.run_name = '${name}'`)

test('an extended run has the weights and the points of one that had the steps from the start', async () => {
  await done('run', configFile('short', `steps: 3\n${tiny}`))
  await done('run', configFile('long', `steps: 6\n${tiny}`))
  const [before] = await tagged('short')
  assert.match(await done('extend', 'short', '--steps', '6'), /^short goes on to 6 steps\. To follow it: /m)
  await becomes('short', 'done')
  const [short, long] = [await statusOf('short'), await statusOf('long')]
  assert.equal(short.weights, long.weights)
  assert.equal(short.experiments[0].step, 6)
  assert.match(await done('extend', 'short', '--steps', '6'), /short has 6 steps already, and is done/)

  // One run in MLflow, which goes on, with every step once.
  const [run, ...others] = await tagged('short')
  assert.deepEqual([others.length, run?.info.run_id, run?.info.status], [0, before?.info.run_id, 'FINISHED'])
  assert.equal(tagOf(run as Run, 'rlev.extended'), 'extended from 3 to 6 steps')
  const mlflow = new MlflowClient({ address: openHome(home).services?.mlflow.url ?? '' })
  const points = async (of: Run | undefined) =>
    (await mlflow.getMetricHistory(of?.info.run_id ?? '', 'reward/mean')).map(({ step, value }) => [step, value]).sort()
  assert.deepEqual(await points(run), await points((await tagged('long'))[0]))
  assert.equal((await rlev('verify', 'short')).status, 0)
})

test('a clone starts from the checkpoint, says so in MLflow, and comes back to its result', async () => {
  const out = await done('clone', 'short', 'twin', '--from-step', '3', '--set', 'steps=3', '--set', 'seed=2')
  assert.match(out, /^weights +[0-9a-f]{64}$/m)
  const [run] = await tagged('twin')
  assert.equal(tagOf(run as Run, 'rlev.cloned_from'), 'step 3 of short')
  assert.equal((await rlev('verify', 'twin')).status, 0)
  const again = await done('clone', 'short', 'twin', '--from-step', '3', '--set', 'steps=3', '--set', 'seed=2')
  assert.match(again, /twin is done already/)
})

test('a deleted run is gone from the home, MLflow and Temporal, its clone is not, and its name is free', async () => {
  await done(
    'sweep',
    configFile(
      'arms',
      `steps: 3\n${tiny}sweep:\n  seeds: [1]\n  arms: { a: {}, b: { reward: { alpha: 2 } } }\n  baseline: a\n`,
    ),
  )
  for (const name of ['short', 'arms'])
    assert.match(await done('delete', name, '--yes'), new RegExp(`${name} is deleted`))
  const left = await runsOf('')
  assert.deepEqual(left.map(({ info }) => info.run_name).sort(), ['long', 'twin'])
  const temporal = new TemporalRuns(
    openHome(home).services?.temporal as ConstructorParameters<typeof TemporalRuns>[0],
    { path: home },
  )
  try {
    for (const id of ['short', 'arms', 'arms/a/seed-1', 'arms/b/seed-1']) {
      const stop = Date.now() + 20_000
      while ((await temporal.facts(id)) !== null && Date.now() < stop) await sleep(200)
      assert.equal(await temporal.facts(id), null, id)
    }
    assert.notEqual(await temporal.facts('twin'), null)
  } finally {
    await temporal.close()
  }
  assert.ok(!existsSync(join(home, 'runs', 'short')) && !existsSync(join(home, 'runs', 'arms')))
  assert.equal((await rlev('verify', 'twin')).status, 0)
  const runs = JSON.parse(await done('list', '--json')).runs
  assert.deepEqual(runs.map(({ name }: { name: string }) => name).sort(), ['long', 'twin'])

  await done('run', configFile('short', `steps: 3\n${tiny}`))
  assert.equal((await tagged('short')).length, 1)
})
