/** Config files in a temporary folder, and the error that loading one gives. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { type LoadPlanOptions, loadPlan } from '../../../pipelines/config/load.js'
import type { ExperimentPlan, SweepPlan } from '../../../pipelines/config/schema.js'
import { RlevError } from '../../../pipelines/errors.js'

export const folder = mkdtempSync(join(tmpdir(), 'rlev-config-'))
after(() => rmSync(folder, { recursive: true }))

/** Writes a file below the folder and returns its path. */
export function file(name: string, content: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

export function experiment(path: string, options: Omit<LoadPlanOptions, 'path'> = {}): ExperimentPlan {
  const plan = loadPlan({ path, ...options })
  assert.equal(plan.kind, 'experiment')
  return plan as ExperimentPlan
}

export function sweep(path: string, options: Omit<LoadPlanOptions, 'path'> = {}): SweepPlan {
  const plan = loadPlan({ path, ...options })
  assert.equal(plan.kind, 'sweep')
  return plan as SweepPlan
}

/** The message of the ConfigInvalid that loading a file of this content throws, with the folder left out. */
export function refusal(content: string, options: Omit<LoadPlanOptions, 'path'> = {}): string {
  return refusalOf(file('config.yaml', content), options)
}

export function refusalOf(path: string, options: Omit<LoadPlanOptions, 'path'> = {}): string {
  try {
    loadPlan({ path, ...options })
  } catch (error) {
    assert.ok(error instanceof RlevError, String(error))
    assert.equal(error.kind, 'ConfigInvalid')
    return error.message.replaceAll(`${folder}/`, '')
  }
  assert.fail('the config was not refused')
}
