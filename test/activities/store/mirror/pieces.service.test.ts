/** Machines that share a store and nothing else divide work in pieces: the answers of an evaluation, and the rollout of a step. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gpuActivities } from '../../../../activities/gpu-activities.js'
import { digestOfFile, namesIn } from '../../../../activities/store/files.js'
import { PolicyCache } from '../../../../activities/training/policy-cache.js'
import type { Workplace } from '../../../../activities/workplace.js'
import type { ExperimentConfig } from '../../../../pipelines/config/schema.js'
import { tinyConfig } from '../../../workflows/tiny.js'
import { answersBy, prepare, resultOf, runStage } from '../../driver.js'
import { whyNoGateway } from '../objects/gateway.js'
import { machinesOnStore } from './on-store.js'

describe('machines that share a store', { skip: whyNoGateway() }, () => {
  const { machine, withStore } = machinesOnStore()
  const held: PolicyCache[] = []
  after(async () => {
    for (const policies of held) await policies.dispose()
  })

  /** On a worker that stays up. */
  async function trainedFor(place: Workplace, config: ExperimentConfig) {
    const stages = await prepare(place, config)
    const policies = new PolicyCache(place.store)
    held.push(policies)
    const gpu = gpuActivities(place, policies)
    await runStage(gpu.trainSteps, { run: config.name, stages, from: 0, to: config.steps })
    return { gpu, stages }
  }

  it('divide the pieces of an evaluation, each with the policy and the pieces from the store, and give the bytes of one', async () => {
    const inPieces = tinyConfig('divided', {
      steps: 3,
      evaluation: { every: 3, samples: 7, piece: 64 },
      checkpoint: { everySteps: 3 },
    })
    const input = { run: inPieces.name, step: 3 }
    const pieces = ({ home }: Workplace) =>
      readdirSync(join(home, 'store', 'answers')).map(name => [
        name,
        digestOfFile(join(home, 'store', 'answers', name, 'answers.json'))?.sha256,
      ])
    const single = machine()
    const expected = await trainedFor(single, inPieces)
    await answersBy(expected.gpu, { ...input, stages: expected.stages })
    assert.equal(pieces(single).length, 4)

    await withStore('divided', async () => {
      const [first, second] = [machine(), machine()]
      const { gpu, stages } = await trainedFor(first, inPieces)
      const policies = new PolicyCache(second.store)
      const { answerPieces } = gpuActivities(second, policies)
      for (const [from, by] of [answerPieces, gpu.answerPieces, answerPieces].entries())
        assert.deepEqual(await runStage(by, { ...input, stages, from, to: from + 1 }), { responses: 64 })
      await policies.dispose()
      await answersBy(gpu, { ...input, stages })
      assert.deepEqual(pieces(first), pieces(single))
      assert.equal(pieces(second).length, 2)
    })
  })

  it('divide the rollout of each step, with the adapter from the store, and leave neither it nor the pieces there', async () => {
    const inPieces = tinyConfig('rolled', {
      steps: 2,
      rollout: { prompts: 4, samples: 8, piece: 1 },
      update: { learningRate: 1e-2, adapter: { rank: 2, alpha: 4, targets: ['q_proj'] } },
      checkpoint: { everySteps: 2 },
    })
    const { name } = inPieces
    const single = machine()
    await trainedFor(single, inPieces)

    await withStore('rolled', async () => {
      const [first, second] = [machine(), machine()]
      const stages = await prepare(first, inPieces)
      const workers = [first, second].map(place => {
        const policies = new PolicyCache(place.store)
        held.push(policies)
        return gpuActivities(place, policies)
      })
      const [own = assert.fail(), other = assert.fail()] = workers
      for (let step = 1; step <= 2; step++) {
        const input = { run: name, stages, step }
        const cut = await runStage(own.rollOut, { ...input, spread: true })
        assert.ok('parts' in cut)
        for (const [index, part] of cut.parts.entries()) {
          const { rollOutPieces } = index % 2 === 0 ? other : own
          assert.deepEqual(await runStage(rollOutPieces, { ...input, adapter: cut.adapter, ...part }), { responses: 8 })
        }
        await runStage(own.rollOut, { ...input, spread: false })
        await runStage(own.trainSteps, { run: name, stages, from: step - 1, to: step })
      }
      assert.deepEqual(resultOf(first, inPieces), resultOf(single, inPieces))

      const { objects } = await (first.mirror ?? assert.fail()).parts()
      for await (const { key } of objects.list('stored/')) assert.doesNotMatch(key, /rollout/)
      const here = ({ home }: Workplace) =>
        ['rollout-piece', 'rollout-adapter'].map(kind => namesIn(join(home, 'store', kind)).length)
      // Those of the step before went with the next one.
      assert.deepEqual(
        [here(first), here(second)],
        [
          [0, 0],
          [2, 1],
        ],
      )
    })
  })
})
