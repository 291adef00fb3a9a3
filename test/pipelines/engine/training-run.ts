/** A short training of the tiny policy, for tests that compare runs. Run as a program, it prints the outcome. */

import { pathToFileURL } from 'node:url'
import type { StepRecord } from '../../../pipelines/advantages/records.js'
import type { EngineConfig } from '../../../pipelines/config/schema.js'
import { createOptimizer, disposeOptimizer } from '../../../pipelines/model/optimizer-state.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { noHooks } from '../../../pipelines/progress.js'
import { stream } from '../../../pipelines/random.js'
import { generate } from '../../../pipelines/sampling/generate.js'
import { LocalPolicy } from '../../../pipelines/training/local-policy.js'
import { policyGradientStep } from '../../../pipelines/training/policy-gradient.js'
import { prompt, tinyConfig, tinyPolicy } from '../model/tiny-policy.js'

export interface TrainingRun {
  /** By step and row. */
  tokens: number[][][]
  losses: number[]
  weights: Record<string, number[]>
}

/** Weights after each of some steps. */
export type WeightsAfter = Map<number, Record<string, number[]>>

/** `steps` steps of 4 prompts with 4 samples; the reward is the share of digits below 5. */
export async function trainingRun({
  engine,
  steps,
  checkpointing = false,
  weightsAfter,
}: {
  engine: EngineConfig
  steps: number
  checkpointing?: boolean
  /** Filled in by the run: the weights of its first steps. */
  weightsAfter?: WeightsAfter
}): Promise<TrainingRun> {
  const policy = { ...tinyPolicy(), engine }
  const config = tinyConfig({
    rollout: { prompts: 4, samples: 4, maxTokens: 6, chunk: 8 },
    kl: { place: 'none' },
    update: { learningRate: 1e-3, microBatch: 8, weightDecay: 0.01, gradientCheckpointing: checkpointing },
  })
  const optimizer = createOptimizer(policy, config.update)
  const prompts = ['1+2=', '33+66=', '5=', '9+88='].flatMap(text => new Array<number[]>(4).fill(prompt(policy, text)))
  const { uniform } = stream(3, 'test')
  const run: TrainingRun = { tokens: [], losses: [], weights: {} }
  const weightsNow = () => {
    const weights: Record<string, number[]> = {}
    for (const [name, tensor] of policy.weights.read()) weights[name] = Array.from(tensor.dataSync())
    return weights
  }
  for (let step = 1; step <= steps; step++) {
    const generated = await generate({
      policy,
      prompts,
      uniforms: (row, position) => uniform(step, row, position),
      maxTokens: config.rollout.maxTokens,
      chunk: config.rollout.chunk,
    })
    const responses = generated.map(({ entropy: _entropy, ...response }, row) => ({
      itemId: `i${row}`,
      sample: row % 4,
      promptTokens: prompts[row] as number[],
      text: '',
      ...response,
    }))
    const records = responses.map(
      ({ itemId, tokens }, row): StepRecord => ({
        itemId,
        sample: row % 4,
        verdict: 'correct',
        value: 0.1,
        scale: 1,
        reward: 1,
        advantage: tokens.filter(token => token < 5).length / tokens.length - 0.4,
        length: tokens.length,
      }),
    )
    const { metrics } = await policyGradientStep({
      policy: new LocalPolicy({ policy, optimizer }),
      responses,
      records,
      config,
      step,
      hooks: noHooks,
    })
    run.tokens.push(generated.map(({ tokens }) => tokens))
    run.losses.push(metrics['policy/loss'] as number)
    weightsAfter?.set(step, weightsNow())
  }
  run.weights = weightsNow()
  disposePolicy(policy)
  disposeOptimizer(optimizer)
  return run
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const engine: EngineConfig = { mode: 'recorded', lanes: 2, matrices: 'float32', xla: false }
  process.stdout.write(JSON.stringify(await trainingRun({ engine, steps: 5 })))
}
