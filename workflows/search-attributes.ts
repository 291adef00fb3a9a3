/**
 * The search attributes of both workflows, which are the columns of the Web UI's list of workflows. Types only of the SDK, so
 * that commands that start a server need not load it.
 */
import type { SearchAttributePair } from '@temporalio/common'

export const searchAttributes = {
  sweep: { name: 'RlevSweep', type: 'KEYWORD' },
  arm: { name: 'RlevArm', type: 'KEYWORD' },
  estimator: { name: 'RlevEstimator', type: 'KEYWORD' },
  seed: { name: 'RlevSeed', type: 'INT' },
  stage: { name: 'RlevStage', type: 'KEYWORD' },
  step: { name: 'RlevStep', type: 'INT' },
  hAcc: { name: 'RlevHAcc', type: 'DOUBLE' },
} as const satisfies Record<string, SearchAttributePair['key']>
