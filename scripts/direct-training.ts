/**
 * The training loop called directly: the functions that a run's activities call, one after the other in one process, without
 * Temporal, journal, checkpoints or MLflow. What durability costs is measured against it.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { recordsOf } from '../pipelines/advantages/records.js'
import { loadPolicy, savePolicy } from '../pipelines/checkpoint/policy-folder.js'
import { localEngine } from '../pipelines/config/engine-kinds.js'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { prepareData } from '../pipelines/data/prepare.js'
import { createOptimizer } from '../pipelines/model/optimizer-state.js'
import type { Policy } from '../pipelines/model/policy.js'
import { noHooks } from '../pipelines/progress.js'
import { markByRule } from '../pipelines/rewards/marking.js'
import { LocalSampler } from '../pipelines/sampling/local-sampler.js'
import { LocalPolicy } from '../pipelines/training/local-policy.js'
import { policyGradientStep } from '../pipelines/training/policy-gradient.js'
import { sampleStep } from '../pipelines/training/sample-step.js'
import { configOfStep, klBeforeOf, scheduleMetrics } from '../pipelines/training/step-config.js'
import { trainingMetrics } from '../pipelines/training/training-metrics.js'
import { warmStart } from '../pipelines/training/warm-start.js'
import { normalizeValues } from '../pipelines/values/normalize.js'

/** Trains all steps, on values as they are; gives the policy. `onBegin` comes after the warm start, `onStep` gets each step's metrics. */
export async function trainDirectly({
  config,
  onBegin,
  onStep,
}: {
  config: ExperimentConfig
  onBegin: () => void
  onStep: (step: number, metrics: Record<string, number>) => void
}): Promise<Policy> {
  const dataset = await prepareData(config.data, { seed: config.seed, bonus: config.value.bonus })
  const { values } = normalizeValues(dataset.train, { ...config.reward, bonus: config.value.bonus })
  const policy = await warmStart({ config, dataset, hooks: noHooks })
  const reference = new LocalSampler(await copyOf(policy, config))
  const live = new LocalPolicy({ policy, optimizer: createOptimizer(policy, config.update) })
  onBegin()
  let klBefore: ReturnType<typeof klBeforeOf> = null
  for (let step = 1; step <= config.steps; step++) {
    const ofStep = configOfStep(config, step, klBefore)
    const rollout = await sampleStep({
      ...{ policy: live, reference, items: dataset.train, config, step, hooks: noHooks },
      mark: markByRule,
      kept: { read: () => [], keep: () => {} },
    })
    const records = recordsOf({ rollout, items: dataset.train, values, config: ofStep })
    const { metrics } = await policyGradientStep({
      policy: live,
      responses: rollout.responses,
      records,
      config: ofStep,
      step,
      hooks: noHooks,
    })
    const all = { ...trainingMetrics({ rollout, records, config: ofStep }), ...metrics, ...scheduleMetrics(ofStep) }
    klBefore = klBeforeOf(all, ofStep)
    onStep(step, all)
  }
  return policy
}

async function copyOf(policy: Policy, { engine }: ExperimentConfig): Promise<Policy> {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-direct-'))
  try {
    await savePolicy(policy, folder)
    return await loadPolicy(folder, localEngine(engine))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
