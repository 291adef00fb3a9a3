/** The disk that a plan says, beside what runs take. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bytesUnder } from '../../../activities/store/disk-use.js'
import { readReferences } from '../../../activities/store/references.js'
import { experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { countsOf } from '../../../commands/plan/cost.js'
import { diskLines, diskOfPlan, type PlanDisk } from '../../../commands/plan/disk.js'
import { policyFacts } from '../../../commands/plan/policy-facts.js'
import { type ExperimentConfig, experimentSchema, type Plan } from '../../../pipelines/config/schema.js'
import { prepareData } from '../../../pipelines/data/prepare.js'
import { runInProcess } from '../../../scripts/drill/in-process.js'
import { tinyConfig, tinySweep } from '../../workflows/tiny.js'

const home = mkdtempSync(join(tmpdir(), 'rlev-plan-disk-'))
after(() => rmSync(home, { recursive: true, force: true }))

async function diskOf(plan: Plan, config: ExperimentConfig): Promise<PlanDisk> {
  const data = await prepareData(config.data, { seed: config.seed })
  return diskOfPlan({ plan, items: countsOf(data), facts: policyFacts(data), home })
}

const single = (config: ExperimentConfig): Plan => ({ kind: 'experiment', name: config.name, config, warnings: [] })
const part = ({ parts }: PlanDisk, name: string) => parts.find(one => one.name === name)?.bytes ?? 0

for (const [name, overrides] of Object.entries({
  whole: { checkpoint: { everySteps: 2, keep: 1 } },
  // Prompts and responses of full length, so that the journal is as large as it may be.
  adapter: { checkpoint: { everySteps: 2, keep: 1 }, update: { adapter: { rank: 2, alpha: 4, targets: ['q_proj'] } } },
} as const)) {
  test(`checkpoints and start are those of a run, and its journal is no larger than said: ${name}`, async () => {
    const config = tinyConfig(name, {
      ...(overrides as object),
      steps: 8,
      engine: { mode: 'eager' },
      warmStart: { steps: 2 },
      policy: { width: 32, layers: 2, mlpWidth: 64 } as never,
      evaluation: { every: 4 },
    })
    const disk = await diskOf(single(config), config)
    await runInProcess({ home, config })
    const folder = runFolder(home, name)
    const near = (said: number, is: number, what: string) =>
      assert.ok(Math.abs(said / is - 1) < 0.1, `${what}: said ${said}, is ${is}`)
    near(part(disk, 'checkpoints'), bytesUnder(experimentPaths.checkpoints(folder)), 'checkpoints')
    near(part(disk, 'start'), bytesUnder(join(home, readReferences(folder).get('start')?.uri as string)), 'start')
    const journal = bytesUnder(...['rollouts', 'records', 'metrics'].map(kind => join(folder, kind)))
    assert.ok(
      journal <= part(disk, 'journal') * 1.1 && journal > part(disk, 'journal') / 2,
      `journal: said ${part(disk, 'journal')}, is ${journal}`,
    )
    const evaluations = bytesUnder(join(folder, 'evaluations'))
    assert.ok(
      evaluations <= part(disk, 'evaluations') * 1.1 && evaluations > part(disk, 'evaluations') / 3,
      `evaluations: said ${part(disk, 'evaluations')}, is ${evaluations}`,
    )
  })
}

test('arms and seeds from one checkpoint share it, and each has its checkpoints', async () => {
  const from = { from: 'checkpoint', path: 'test/fixtures/qwen2-tiny' } as const
  const sweep = tinySweep('arms', { a: {}, b: { reward: { alpha: 2 } } }, { seeds: [1, 2] })
  const plan = { ...sweep, arms: sweep.arms.map(arm => ({ ...arm, config: { ...arm.config, policy: from } })) }
  const [first] = plan.arms
  assert.ok(first !== undefined)
  const one = await diskOf(single(first.config), first.config)
  const four = await diskOf(plan, first.config)
  assert.equal(part(four, 'start'), part(one, 'start'))
  assert.ok(part(one, 'start') > 4 * 170_816)
  assert.equal(part(four, 'checkpoints'), 4 * part(one, 'checkpoints'))
  // Two at a time: each has one more while it is made.
  assert.equal(four.bytes - four.parts.reduce((sum, { bytes }) => sum + bytes, 0), 2 * one.checkpointBytes)
  assert.match(
    diskLines(four)[0] ?? '',
    /^disk: at most about [\d.]+ MB \(checkpoints [\d.]+ MB, 2 of [\d.]+ MB an experiment; start [\d.]+ [kM]B; journal .*; evaluations .*\); [\d.]+ GB free at /,
  )
})

test('the states of a warm start count where they are more than what is there at the end', async () => {
  const adapter = { rank: 1, alpha: 4, targets: ['q_proj' as const] }
  const bytesOf = async (name: string, supervisedSeconds: number | null, update: object = { adapter }) => {
    const config = tinyConfig(name, { steps: 1, checkpoint: { supervisedSeconds }, update, rollout: { samples: 2 } })
    const large = { ...config, policy: { ...config.policy, width: 128, mlpWidth: 512 } as never }
    return diskOf(single(large), large)
  }
  const [without, kept] = [await bytesOf('without', null), await bytesOf('kept', 300)]
  const weights = part(kept, 'start') / 4
  assert.ok(Math.abs(kept.bytes / (4 * weights + 24 * weights) - 1) < 0.01, `${kept.bytes}`)
  assert.ok(kept.bytes > 2 * without.bytes)
  // Two checkpoints are there at the end, each as large as a state.
  assert.equal((await bytesOf('weights', 300, {})).bytes, (await bytesOf('weights', null, {})).bytes)
})

test('a checkpoint that is taught is counted as it is, and as what it becomes with each seed', async () => {
  const from = { from: 'checkpoint', path: 'test/fixtures/qwen2-tiny' } as const
  const sweepOf = (policy: object) => {
    const sweep = tinySweep('arms', { a: {}, b: { reward: { alpha: 2 } } }, { seeds: [1, 2] })
    const arms = sweep.arms.map(arm => ({ ...arm, config: experimentSchema.parse({ ...arm.config, policy }) }))
    return { plan: { ...sweep, arms }, config: arms[0]?.config as ExperimentConfig }
  }
  const [plain, taught] = [sweepOf(from), sweepOf({ ...from, warmStart: { steps: 2, learningRate: 1e-4 } })]
  const starts = part(await diskOf(taught.plan, taught.config), 'start')
  const twice = starts - part(await diskOf(plain.plan, plain.config), 'start')
  assert.ok(twice > 2 * 4 * 170_816 && twice < 3 * part(await diskOf(plain.plan, plain.config), 'start'), String(twice))
})

test('less room than a plan needs is a warning', async () => {
  const config = tinyConfig('large', { steps: 2 })
  const disk = await diskOf(single(config), config)
  assert.equal(disk.warning, undefined)
  const lines = diskLines({ ...disk, warning: 'the disk may not suffice' })
  assert.equal(lines[1], 'warning: the disk may not suffice')
})
