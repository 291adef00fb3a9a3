/** Training of an adapter by the stages themselves: what a checkpoint of it holds, and that a worker that comes up cold goes on to the same bits. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { gpuActivities } from '../../activities/gpu-activities.js'
import { ioActivities } from '../../activities/io-activities.js'
import { Checkpoints } from '../../activities/store/checkpoints.js'
import { PolicyCache } from '../../activities/training/policy-cache.js'
import type { StageOutputs } from '../../activities/training/training.js'
import { type Workplace, workplace } from '../../activities/workplace.js'
import { loadPolicy } from '../../pipelines/checkpoint/policy-folder.js'
import { experimentKey } from '../../pipelines/config/digest.js'
import { localEngine } from '../../pipelines/config/engine-kinds.js'
import { disposePolicy } from '../../pipelines/model/policy.js'
import { tensorsIn } from '../pipelines/checkpoint/safetensors-bytes.js'
import { tinyConfig } from '../workflows/tiny.js'

const homes: string[] = []
after(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

const config = tinyConfig('adapted', {
  steps: 4,
  update: { learningRate: 1e-2, adapter: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'down_proj'] } },
  checkpoint: { everySteps: 2 },
  kl: { place: 'log' },
})

const run = <Input, Output>(activity: (input: Input) => Promise<Output>, input: Input) =>
  new MockActivityEnvironment({ attempt: 1 }, { logger: new DefaultLogger('ERROR') }).run<
    [Input],
    Output,
    (input: Input) => Promise<Output>
  >(activity, input)

/** A home in which everything before training is done, and its worker. */
async function prepared(): Promise<{ place: Workplace; stages: StageOutputs; worker: () => PolicyCache }> {
  const place = workplace(mkdtempSync(join(tmpdir(), 'rlev-adapter-training-')))
  homes.push(place.home)
  const io = ioActivities(place)
  await run(io.freezeRun, { experiment: { id: config.name, config } })
  const data = await run(io.prepareData, { run: config.name })
  const values = await run(io.normalizeValues, { run: config.name, data })
  const rewardValues = await run(io.ablateValues, { run: config.name, values })
  const worker = () => new PolicyCache(place.store)
  const policies = worker()
  const start = await run(gpuActivities(place, policies).warmStart, { run: config.name, data })
  await policies.dispose()
  return { place, stages: { data, values, rewardValues, start }, worker }
}

const folderOf = ({ home }: Workplace, step: number) =>
  join(home, 'runs', config.name, 'checkpoints', `step-00000${step}`)

const digestsIn = (path: string) =>
  readdirSync(path)
    .filter(name => name !== 'manifest.json')
    .map(
      name =>
        [
          name,
          createHash('sha256')
            .update(readFileSync(join(path, name)))
            .digest('hex'),
        ] as const,
    )

test('an adapter trained in one go and one whose worker died twice are the same bits', async () => {
  const whole = await prepared()
  const unbroken = whole.worker()
  const train = (from: number, to: number, { place, stages }: typeof whole, policies: PolicyCache) =>
    run(gpuActivities(place, policies).trainSteps, { run: config.name, stages, from, to })
  const done = await train(0, 4, whole, unbroken)
  await unbroken.dispose()

  const broken = await prepared()
  // The second worker finds the checkpoint of step 2; the third replays step 3, which none holds, from the journal.
  for (const [from, to] of [
    [0, 2],
    [2, 3],
    [3, 4],
  ] as const) {
    const policies = broken.worker()
    await train(from, to, broken, policies)
    await policies.dispose()
  }
  assert.deepEqual(digestsIn(folderOf(broken.place, 4)), digestsIn(folderOf(whole.place, 4)))

  const files = digestsIn(folderOf(whole.place, 4))
  assert.deepEqual(
    files.map(([name]) => name),
    [
      'adapter_config.json',
      'adapter_model.safetensors',
      'config.json',
      'generation_config.json',
      'optimizer.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ],
  )
  assert.equal(done.weights, new Map(files).get('adapter_model.safetensors'))
  const folder = join(whole.place.home, 'runs', config.name)
  const checkpoint = new Checkpoints(folder, experimentKey(config)).whole(4)
  assert.equal(checkpoint?.weights, done.weights)
})

test('the adapter and its moments are what training changes, and the base stays the warm start', async () => {
  const { place, stages, worker } = await prepared()
  const policies = worker()
  const before = readFileSync(join(place.store.folder(stages.start), 'model.safetensors'))
  await run(gpuActivities(place, policies).trainSteps, { run: config.name, stages, from: 0, to: 4 })
  const adapter = await tensorsIn(join(folderOf(place, 4), 'adapter_model.safetensors'))
  for (const [name, { values }] of adapter) {
    assert.ok(
      values.some(value => value !== 0),
      name,
    )
  }
  const moments = [...(await tensorsIn(join(folderOf(place, 4), 'optimizer.safetensors'))).keys()]
  const named = [...adapter.keys()].map(name => name.slice('base_model.model.'.length))
  assert.deepEqual(moments, [
    ...named.map(name => `first_moment.${name}`),
    ...named.map(name => `second_moment.${name}`),
  ])

  const start = await policies.local.reference(stages.start, config)
  const base = await loadPolicy(place.store.folder(stages.start), localEngine(config.engine))
  for (const [name, tensor] of base.weights.read()) {
    assert.deepEqual(start.policy.weights.read().get(name)?.dataSync(), tensor.dataSync(), name)
  }
  assert.deepEqual(readFileSync(join(place.store.folder(stages.start), 'model.safetensors')), before)
  disposePolicy(base)
  await policies.dispose()
})
