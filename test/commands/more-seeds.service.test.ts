/** A sweep that is done gets more seeds: only those run. */
import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inHome, tiny } from './in-home.js'

const { home, rlev, configFile, statusOf, end } = inHome()
after(end)

const withSeeds = (seeds: string) =>
  configFile(
    'grown',
    `steps: 6
${tiny}
sweep:
  baseline: correctness
  seeds: ${seeds}
  arms:
    correctness: { reward: { scale: correctness } }
    human-aligned: {}
`,
  )

/** What shows whether anything was sampled, updated or saved again. */
function filesOf(id: string): string[] {
  const folder = join(home, 'runs', 'grown', id)
  return ['rollouts', 'checkpoints'].flatMap(part =>
    readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })
      .map(name => ({ name, stat: statSync(join(folder, part, name)) }))
      .filter(({ stat }) => stat.isFile())
      .map(({ name, stat }) => `${part}/${name} ${stat.ino} ${stat.mtimeMs} ${stat.size}`)
      .sort(),
  )
}

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
  const old = ['correctness/seed-1', 'human-aligned/seed-1']
  const files = old.map(filesOf)
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
  assert.deepEqual(old.map(filesOf), files)
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
