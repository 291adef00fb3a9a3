/** What tests of a run on a Tinker server share: its config, what a probe has found, and attempts that follow a failure. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApplicationFailure } from '@temporalio/common'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { type KeptFindings, States } from '../../../activities/tinker/policy/states.js'
import type { Findings } from '../../../activities/tinker/probe/findings.js'
import type { Workplace } from '../../../activities/workplace.js'
import { experimentKey } from '../../../pipelines/config/digest.js'
import type { ExperimentConfig } from '../../../pipelines/config/schema.js'
import { servedConfig, writeVerifier } from '../../tinker-server/served-config.js'
import { tinyBase } from '../../tinker-server/start.js'
import { runStage } from '../driver.js'
import { goodFindings } from './good-findings.js'

export const root = mkdtempSync(join(tmpdir(), 'rlev-tinker-training-'))
// Of all test files that run in this process.
process.once('exit', () => rmSync(root, { recursive: true, force: true }))

const verifier = writeVerifier(root)

export function configFor(url: string, sections: Record<string, object | number> = {}): ExperimentConfig {
  const { update, ...others } = sections
  return servedConfig({
    ...{ name: 'served', url, baseModel: tinyBase, policy: tinyBase, verifier },
    sections: {
      durability: { stepsPerActivity: 2, heartbeatTimeout: 60 },
      ...others,
      update: { learningRate: 1e-2, microBatch: 4, adapter: { rank: 4 }, ...(update as object) },
    },
  })
}

/** Given here, so that a run begins at once: the probe has its tests. */
export const findings: Findings = goodFindings(tinyBase)

/** As an experiment keeps them. */
export const keptFindings = (address: string, other: Partial<Findings> = {}): KeptFindings => ({
  address,
  findings: { ...findings, ...other },
  time: Date.now(),
})

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
