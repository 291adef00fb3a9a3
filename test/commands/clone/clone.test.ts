/** `rlev clone` up to its launch: the policy that a clone starts from, its plan, and what is refused. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { namesIn } from '../../../activities/store/files.js'
import { readReferences } from '../../../activities/store/references.js'
import { experimentPaths, runFolder, stepName } from '../../../activities/store/runs/run-folder.js'
import { keepPlan, readEvaluations } from '../../../activities/store/runs/runs.js'
import { Store } from '../../../activities/store/store.js'
import { clonedPlan } from '../../../commands/clone/cloned-plan.js'
import { clonedPolicy } from '../../../commands/clone/cloned-policy.js'
import { inUse } from '../../../commands/gc/in-use.js'
import { examineRun } from '../../../commands/verify/examine.js'
import { loadPlan } from '../../../pipelines/config/load.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { tensorsIn } from '../../pipelines/checkpoint/safetensors-bytes.js'
import { shortest, tinyConfig, tinySweep } from '../../workflows/tiny.js'
import { callHere } from '../call-here.js'

const whole = tinyConfig('whole', { ...shortest, steps: 4 })
const adapted = tinyConfig('adapted', {
  ...shortest,
  update: { learningRate: 1e-2, adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'down_proj'] } },
})

let home: string
before(async () => {
  home = mkdtempSync(join(tmpdir(), 'rlev-clone-'))
  await runInProcess({ home, config: whole })
  await runInProcess({ home, config: adapted })
})
after(() => rmSync(home, { recursive: true, force: true }))

const checkpointOf = ({ name }: ExperimentConfig, step: number) =>
  join(experimentPaths.checkpoints(runFolder(home, name)), stepName(step))
const policyOf = (config: ExperimentConfig, step?: number) => clonedPolicy({ home, id: config.name, config }, step)
const planOf = (config: ExperimentConfig, checkpoint: string, overrides: Record<string, unknown> = {}) =>
  clonedPlan({ config, name: 'new', checkpoint, overrides })

describe('the policy of a clone', () => {
  test('is the newest checkpoint, an earlier one, or what the run started from, as a checkpoint in the store', async () => {
    for (const [step, expected] of [
      [undefined, checkpointOf(whole, 4)],
      [2, checkpointOf(whole, 2)],
      [0, new Store(home).path(readReferences(runFolder(home, 'whole')).get('start') as { uri: string })],
    ] as const) {
      const { folder } = await policyOf(whole, step)
      assert.deepEqual(
        readFileSync(join(folder, 'model.safetensors')),
        readFileSync(join(expected, 'model.safetensors')),
      )
      assert.ok(
        folder.startsWith(join(home, 'store', 'checkpoint')) && !existsSync(join(folder, 'optimizer.safetensors')),
      )
      assert.equal((await policyOf(whole, step)).folder, folder)
    }
    await assert.rejects(policyOf(whole, 3), /no checkpoint of step 3.*--from-step 2, 4 or 0/s)
  })

  test('has the adapter in its weights: W + (alpha / r) B A', async () => {
    const { folder } = await policyOf(adapted)
    const start = new Store(home).path(readReferences(runFolder(home, 'adapted')).get('start') as { uri: string })
    const base = await tensorsIn(join(start, 'model.safetensors'))
    const adapter = await tensorsIn(join(checkpointOf(adapted, 2), 'adapter_model.safetensors'))
    const merged = await tensorsIn(join(folder, 'model.safetensors'))
    assert.deepEqual([...merged.keys()], [...base.keys()])
    let changed = 0
    for (const [name, values] of merged) {
      const part = (letter: string) =>
        adapter.get(`base_model.model.${name.replace(/\.weight$/, '')}.lora_${letter}.weight`)
      const [a, b] = [part('A'), part('B')]
      const before = base.get(name) as typeof values
      if (a === undefined || b === undefined) assert.deepEqual(values, before)
      else {
        changed++
        const [width, rows] = [a.shape[1] as number, b.shape[0] as number]
        for (let index = 0; index < rows * width; index++) {
          const [row, column] = [Math.floor(index / width), index % width]
          let product = 0
          for (let k = 0; k < 2; k++)
            product += (b.values[2 * row + k] as number) * (a.values[width * k + column] as number)
          assert.equal(values.values[index], Math.fround((before.values[index] as number) + (4 / 2) * product))
        }
      }
    }
    assert.equal(changed, 3)
    assert.deepEqual(
      namesIn(join(home, 'store', 'checkpoint')).filter(name => name.includes('merged')),
      [],
    )
  })

  test('answers as the run did at that step, and the clone is sound without the run that it comes from', async () => {
    for (const config of [whole, adapted]) {
      const { folder } = await policyOf(config)
      const { config: cloned } = clonedPlan({ config, name: `${config.name}-2`, checkpoint: folder, overrides: {} })
      await runInProcess({ home, config: cloned })
      const last = readEvaluations(home, config.name).at(-1)?.evaluation.greedy
      assert.deepEqual(readEvaluations(home, cloned.name)[0]?.evaluation.greedy, last)
      assert.deepEqual((await examineRun(home, cloned.name)).findings, [])
      assert.ok((await inUse({ path: home }, undefined)).referred.has(folder))
    }
  })
})

describe('the plan of a clone', () => {
  test('is the config of the run with the checkpoint as its policy and the changes of the call', async () => {
    const { folder } = await policyOf(whole)
    const policy = { from: 'checkpoint', path: folder }
    assert.deepEqual(planOf(whole, folder).config, { ...whole, name: 'new', policy })
    assert.deepEqual(planOf(adapted, folder).config, { ...adapted, name: 'new', policy })
    const changed = planOf(whole, folder, { steps: 7, seed: 3, 'update.learningRate': 0.5 })
    assert.deepEqual(changed.config, {
      ...whole,
      name: 'new',
      policy,
      steps: 7,
      seed: 3,
      update: { ...whole.update, learningRate: 0.5 },
    })
    assert.throws(() => planOf(whole, folder, { 'update.learningRat': 1 }), /did you mean/)
  })

  for (const file of ['quickstart', 'smoke', 'quickstart-small', 'effect-v7', 'effect-nc']
    .map(name => `configs/${name}.yaml`)
    .filter(existsSync)) {
    test(`is told key by key from every kind of config: ${file}`, async () => {
      const { folder } = await policyOf(whole)
      const plan = loadPlan({ path: file })
      for (const config of plan.kind === 'experiment' ? [plan.config] : plan.arms.map(({ config }) => config)) {
        const policy = { from: 'checkpoint', path: folder }
        assert.deepEqual(planOf(config, folder).config, { ...config, name: 'new', policy })
      }
    })
  }
})

test('of a sweep an experiment must be named, and the policy and the name are what the call says', async () => {
  const rlev = (...words: string[]) => callHere('clone', ...words, '--home', home)
  keepPlan(home, tinySweep('arms', { a: {}, b: {} }))
  const sweep = await rlev('arms', 'new')
  assert.equal(sweep.status, 2)
  assert.match(sweep.err, /a clone starts from one experiment.*one of arms\/a\/seed-1, arms\/b\/seed-1/s)
  const policy = await rlev('whole', 'new', '--set', 'policy.path=elsewhere')
  assert.equal(policy.status, 2)
  assert.match(policy.err, /policy\.path cannot be set here/)
  assert.equal((await rlev('whole', '../new')).status, 2)
  assert.match((await rlev('whole', 'new', '--from-step', '1')).err, /no checkpoint of step 1/)
  assert.ok(!existsSync(join(home, 'runs', 'new')))
})
