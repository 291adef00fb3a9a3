/**
 * A run whose server is ended by SIGKILL at every kind of operation, and started again at its folder and port. It must end with the
 * adapter, journal and metrics of a run that nothing disturbed, on a server that counts a repeated request twice.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { type GpuActivities, gpuActivities } from '../../../activities/gpu-activities.js'
import { ioActivities } from '../../../activities/io-activities.js'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import { type Workplace, workplace } from '../../../activities/workplace.js'
import type { ServerSettings } from '../../tinker-server/settings.js'
import { startTinkerServer } from '../../tinker-server/start.js'
import { prepare, resultOf } from '../driver.js'
import { configFor, insisting, keptFindings, root, statesOf } from './served-run.js'

const small = {
  rollout: { prompts: 2, samples: 4, maxTokens: 6 },
  update: { learningRate: 1e-2, microBatch: 4, adapter: { rank: 4 } },
  durability: { stepsPerActivity: 1, heartbeatTimeout: 60 },
}

/** Two steps, every stage on a worker that has just come up: each loads a state into another model. */
async function drill(settings: Partial<ServerSettings>) {
  const server = await startTinkerServer({
    ...settings,
    ...{ supervised: true, resend: 'counted again', samplers: 'written over the model', maxModels: 2 },
  })
  try {
    const place = workplace(mkdtempSync(join(root, 'home-')))
    const config = configFor(server.url, small)
    const found = { resend: 'counted again', olderSampler: 'written over the model' } as const
    statesOf(place, config).keepFindings(keptFindings(server.url, found), () => {})
    const stages = await prepare(place, config)
    let failures = 0
    const insist = insisting(() => assert.ok(++failures < 4))
    const onColdWorker = async (work: (gpu: GpuActivities) => Promise<unknown>) => {
      const policies = new PolicyCache(place.store)
      await work(gpuActivities(place, policies))
      await policies.dispose()
    }
    for (const step of [1, 2]) {
      const input = { run: config.name, stages, step }
      await onColdWorker(gpu => insist(gpu.rollOut, input))
      await insist(ioActivities(place).scaleRewards, input)
      await onColdWorker(gpu => insist(gpu.updatePolicy, input))
    }
    const result = { ...resultOf(place, config), journal: journalOf(place, config.name) }
    return { result, failures, restarts: server.restarts }
  } finally {
    await server.end()
  }
}

/** The rollouts and records of each step, without the time. The key of the experiment depends on the port. */
function journalOf({ home }: Workplace, run: string) {
  return ['rollouts', 'records'].flatMap(part => {
    const folder = join(runFolder(home, run), part)
    return readdirSync(folder)
      .toSorted()
      .map(name => {
        const { body } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { body: object }
        return [part, name, { ...body, time: null }]
      })
  })
}

let undisturbed: Awaited<ReturnType<typeof drill>>['result']

before(async () => {
  const { result, failures, restarts } = await drill({})
  assert.deepEqual({ failures, restarts }, { failures: 0, restarts: 0 })
  for (const [, values] of result.measured)
    assert.ok(((values as Record<string, number>)['policy/grad_norm'] as number) > 0, 'each step has a gradient')
  assert.equal(result.journal.length, 4)
  undisturbed = result
})

const places: NonNullable<ServerSettings['kill']>[] = [
  { operation: 'create_model', nth: 2, at: 'after' },
  { operation: 'load_weights', nth: 1, at: 'before' },
  { operation: 'asample', nth: 3, at: 'before' },
  { operation: 'save_weights_for_sampler', nth: 1, at: 'during' },
  { operation: 'forward', nth: 1, at: 'after' },
  { operation: 'forward_backward', nth: 2, at: 'during' },
  { operation: 'optim_step', nth: 2, at: 'after' },
  { operation: 'save_weights', nth: 3, at: 'after' },
]
describe('killed', { concurrency: 6 }, () => {
  for (const kill of places) {
    test(`${kill.at} ${kill.operation} ${kill.nth}: the same run`, async () => {
      const { result, restarts } = await drill({ kill })
      assert.equal(restarts, 1)
      assert.deepEqual(result, undisturbed)
    })
  }
})
