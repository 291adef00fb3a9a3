/** A sweep of our own, its responses as rows that another trainer could have written, and homes that they are imported into. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gpuActivities } from '../../../activities/gpu-activities.js'
import { readReferences } from '../../../activities/store/references.js'
import { readOutcomes } from '../../../activities/store/runs/outcomes.js'
import { runFolder } from '../../../activities/store/runs/run-folder.js'
import { experimentsOf, readPlan } from '../../../activities/store/runs/runs.js'
import { readAnswers } from '../../../activities/store/stored-answers.js'
import { PolicyCache } from '../../../activities/training/policy-cache.js'
import type { StageOutputs } from '../../../activities/training/training.js'
import { workplace } from '../../../activities/workplace.js'
import { exportData } from '../../../commands/export/export.js'
import { type ImportResultsOptions, importResults } from '../../../commands/import-results/import-results.js'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import { evaluationSteps } from '../../../pipelines/config/due-steps.js'
import { loadPlan } from '../../../pipelines/config/load.js'
import { RlevError } from '../../../pipelines/errors.js'
import { answersBy, runPlan } from '../../activities/driver.js'
import { tinyKeys } from '../../workflows/tiny.js'
import { callHere } from '../call-here.js'

export type Row = Record<string, unknown>

export const root = mkdtempSync(join(tmpdir(), 'rlev-import-'))
export const config = join(root, 'exam.yaml')
export const ours = join(root, 'ours')
export const rows: Row[] = []
/** The numbers of the sweep itself. */
export let own: Record<string, unknown>
export const log = console.log

let making: Promise<void> | undefined
/** Trains the sweep and answers its items, once in a process. */
export function makeSweep(): Promise<void> {
  making ??= make()
  return making
}

async function make(): Promise<void> {
  process.once('exit', () => rmSync(root, { recursive: true, force: true }))
  const keys = tinyKeys({
    data: { testItemsPerSection: 16 },
    // Long enough for right answers in either arm.
    warmStart: { steps: 100 },
    rollout: { prompts: 8 },
    update: { learningRate: 2e-2 },
    evaluation: { every: 3, samples: 2, chunk: 64 },
  })
  const arms = {
    correctness: { reward: { scale: 'correctness' } },
    'human-aligned': { update: { learningRate: 5e-2 } },
  }
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({ name: 'exam', ...keys, sweep: { baseline: 'correctness', seeds: [1, 2], arms } }),
  )
  const place = workplace(ours)
  const plan = loadPlan({ path: config })
  await runPlan(place, plan)
  console.log = () => {}
  await exportData({ config, to: 'trl', out: join(root, 'exported'), home: ours })
  console.log = log
  const policies = new PolicyCache(place.store)
  for (const { id, arm, seed, config } of experimentsOf(plan)) {
    const exported = readFileSync(join(root, 'exported', arm, 'test.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const ids = exported.map(line => (JSON.parse(line) as { id: string }).id)
    const stages = Object.fromEntries(readReferences(runFolder(ours, id))) as unknown as StageOutputs
    for (const step of evaluationSteps(config)) {
      const ref = await answersBy(gpuActivities(place, policies), { run: id, stages, step })
      const answers = new Map(readAnswers(place.store, ref).map(one => [one.itemId, one]))
      const said = ({ text, length, finish }: { text: string; length: number; finish: string }) => ({
        text,
        length,
        finish,
      })
      // Not in the order of the items.
      for (const item of ids.toReversed()) {
        const own = answers.get(item)
        assert.ok(own !== undefined, item)
        rows.push({ id: item, arm, seed, step, response: said(own.greedy), responses: own.samples.map(said) })
      }
    }
  }
  await policies.dispose()
  own = comparisonIn(ours, 'exam')
}

export function file(name: string, content: readonly Row[]): string {
  mkdirSync(join(root, 'files'), { recursive: true })
  const path = join(root, 'files', name)
  writeFileSync(path, content.map(row => `${JSON.stringify(row)}\n`).join(''))
  return path
}

export const homeOf = (name: string) => join(root, 'homes', name)
export const inHome =
  (name: string) =>
  (...words: string[]) =>
    callHere(...words, '--home', homeOf(name))
export const trainer = 'TRL 1.16 GRPOTrainer'

/** What the call prints. */
export async function imported(home: string, files: readonly string[], options: Partial<ImportResultsOptions> = {}) {
  const lines: string[] = []
  console.log = line => lines.push(String(line))
  try {
    await importResults({ config, files, trainer, home: homeOf(home), ...options })
  } finally {
    console.log = log
  }
  return lines.join('\n')
}

export async function refused(work: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(work, error => {
    assert.ok(error instanceof RlevError, String(error))
    assert.match(error.message, pattern)
    return true
  })
}

/** Without what only a trainer of ours measures. */
export function comparisonIn(home: string, name: string) {
  const {
    notes: _notes,
    arms,
    ...comparison
  } = compareArms({
    plan: readPlan(home, name),
    outcomes: readOutcomes(home, name),
  })
  return JSON.parse(
    JSON.stringify({ ...comparison, arms: arms.map(({ transmission: _transmission, ...arm }) => arm) }),
  ) as Record<string, unknown>
}
