/** What tests of a run on a Tinker server share: its config, what a probe has found, and attempts that follow a failure. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { ApplicationFailure } from '@temporalio/common'
import { runFolder } from '../../../activities/store/run-folder.js'
import { States } from '../../../activities/tinker/policy/states.js'
import type { Findings } from '../../../activities/tinker/probe/findings.js'
import type { Workplace } from '../../../activities/workplace.js'
import { experimentKey } from '../../../pipelines/config/digest.js'
import { readProgram } from '../../../pipelines/config/program.js'
import { type ExperimentConfig, experimentSchema } from '../../../pipelines/config/schema.js'
import { tinyBase } from '../../tinker-server/start.js'
import { runStage } from '../driver.js'
import { goodFindings } from './good-findings.js'

export const root = mkdtempSync(join(tmpdir(), 'rlev-tinker-training-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** Random responses are right as often as not. */
const verifier = join(root, 'verifier.ts') as `${string}.ts`
writeFileSync(
  verifier,
  'export const verify = ({ response }: { response: string }) => [...response].reduce((sum, one) => sum + one.charCodeAt(0), 0) % 2 === 0',
)

export function configFor(url: string, sections: Record<string, object> = {}): ExperimentConfig {
  return experimentSchema.parse({
    name: 'served',
    steps: 2,
    data: { source: 'synthetic', exam: 'v7', trainPapers: 1, testItemsPerSection: 1 },
    policy: { from: 'checkpoint', path: tinyBase },
    reward: { verifier, verifierDigest: readProgram(verifier).digest, answer: 'last-line' },
    rollout: { prompts: 2, samples: 4, maxTokens: 6 },
    engine: { kind: 'tinker', url, baseModel: tinyBase },
    evaluation: { every: 2, samples: 0, chunk: 8 },
    checkpoint: { everySteps: 2 },
    durability: { stepsPerActivity: 2, heartbeatTimeout: 60 },
    ...sections,
    update: { learningRate: 1e-2, microBatch: 4, adapter: { rank: 4 }, ...sections['update'] },
  })
}

/** Given here, so that a run begins at once: the probe has its tests. */
export const findings: Findings = goodFindings(tinyBase)

export const statesOf = ({ home }: Workplace, config: ExperimentConfig) =>
  new States({ folder: runFolder(home, config.name), experimentKey: experimentKey(config) })

/** Runs an activity until an attempt ends well, as a workflow does: only after failures that another attempt may mend. */
export function insisting(onFailure: () => void) {
  return async function insist<Input, Output>(
    activity: (input: Input) => Promise<Output>,
    input: Input,
  ): Promise<Output> {
    try {
      return await runStage(activity, input)
    } catch (error) {
      assert.ok(error instanceof ApplicationFailure && error.nonRetryable !== true, String(error))
      assert.ok(['EngineEnded', 'ServiceUnavailable'].includes(error.type ?? ''), `${error.type}`)
      onFailure()
      return insist(activity, input)
    }
  }
}
