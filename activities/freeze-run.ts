/**
 * First stage: stores the plan, the resolved config, the digest of the code and a copy of the user's verifier with the run. A change of
 * one of them under an old name is refused. Tells whether the experiment was complete before, so that starting it again does no work.
 */
import { rmSync } from 'node:fs'
import { evaluationSteps } from '../pipelines/config/due-steps.js'
import type { StoppedEarly } from '../pipelines/config/early-stop.js'
import { type ExperimentConfig, experimentSchema, type Plan } from '../pipelines/config/schema.js'
import { type CellOutline, cellOutline, outlineOf, type SweepOutline } from '../pipelines/config/sweep-outline.js'
import { RlevError } from '../pipelines/errors.js'
import { given } from '../pipelines/given.js'
import { shortened } from '../pipelines/printable.js'
import { type EvaluationSummary, summaryOf } from './evaluation/evaluation-summary.js'
import { stage } from './stage.js'
import { Checkpoints } from './store/checkpoints.js'
import { keepReference, readReferences, referenceNames } from './store/references.js'
import { configInSweep, frozenSweep, type SweepReference } from './store/runs/frozen-sweep.js'
import { beginProvenance, originalKey, refuseOtherCode } from './store/runs/provenance.js'
import { experimentPaths, runFolder } from './store/runs/run-folder.js'
import { keepConfig, keepPlan, readEvaluations, readItemOutcomes, readMetrics, readResult } from './store/runs/runs.js'
import { keepProgram } from './verifiers/kept-program.js'
import type { Workplace } from './workplace.js'

export interface FreezeRunInput {
  /** Of a sweep, or of a single experiment. An experiment of a sweep belongs to the sweep's plan. */
  plan?: Plan
  experiment?: { id: string; config: ExperimentConfig }
  /** A sweep whose plan the home has. `withCells`: its experiments are asked for too. */
  sweep?: SweepReference & { withCells: boolean }
  /** An experiment of such a sweep. */
  cell?: { id: string; sweep: SweepReference }
}

export interface FrozenRun {
  /** Without weights if nothing was trained. */
  finished?: { weights?: string; evaluation: EvaluationSummary; stopped?: StoppedEarly }
  /** Of a `cell`. */
  config?: ExperimentConfig
  /** Of a `sweep`. */
  outline?: SweepOutline
  cells?: readonly CellOutline[]
}

export function freezeRun({ home, store, code }: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async (input: FreezeRunInput): Promise<FrozenRun> => {
      const { plan, experiment, read } = whatToFreeze(home, input)
      if (plan !== undefined) checkPlan(plan)
      if (experiment !== undefined) checkConfig(experiment.id, experiment.config)
      const id = experiment?.id ?? plan?.name
      if (input.plan !== undefined) keepPlan(home, input.plan)
      if (id !== undefined) {
        beginProvenance(home, id, code)
        refuseOtherCode(home, id, code)
      }
      // Before the first experiment, so that a sweep does not depend on what becomes of the sources while it waits.
      for (const { config } of plan === undefined ? [] : armsOf(plan)) await keepProgram(store, config.reward)
      if (experiment === undefined) return read
      keepConfig(home, experiment.id, experiment.config)
      const verifier = await keepProgram(store, experiment.config.reward)
      if (verifier !== null) keepReference(runFolder(home, experiment.id), 'verifier', verifier)
      const frozen = finishedBefore(home, experiment)
      // The result of an earlier attempt no longer holds: readers of the store must see a running experiment.
      if (frozen.finished === undefined) rmSync(experimentPaths.result(runFolder(home, experiment.id)), { force: true })
      return { ...frozen, ...read }
    },
  })
}

/** What the input gives or names, and what the workflow gets of what was read from the home. */
function whatToFreeze(
  home: string,
  { plan, experiment, sweep, cell }: FreezeRunInput,
): Pick<FreezeRunInput, 'plan' | 'experiment'> & { read: Pick<FrozenRun, 'config' | 'outline' | 'cells'> } {
  if (sweep !== undefined) {
    const frozen = frozenSweep(home, sweep)
    const cells = sweep.withCells ? { cells: frozen.cells.map(cellOutline) } : {}
    return { plan: frozen.plan, read: { outline: outlineOf(frozen.plan), ...cells } }
  }
  if (cell === undefined) return { ...given({ plan, experiment }), read: {} }
  const config = configInSweep(home, cell.sweep, cell.id)
  return { experiment: { id: cell.id, config }, read: { config } }
}

function armsOf(plan: Plan): readonly { name: string; config: ExperimentConfig }[] {
  return plan.kind === 'experiment' ? [plan] : plan.arms
}

/** The command checks a config, but a workflow can be started without the command. Nothing of an invalid config is stored. */
function checkPlan(plan: Plan): void {
  for (const { name, config } of armsOf(plan))
    checkConfig(plan.kind === 'experiment' ? name : `${plan.name}/${name}`, config)
}

function checkConfig(place: string, config: unknown): void {
  const parsed = experimentSchema.safeParse(config)
  if (parsed.success) return
  throw new RlevError({
    kind: 'ConfigInvalid',
    message: "the workflow's config is invalid",
    place: shortened(place, 200),
    expected: 'the keys and values of docs/config.md',
    found: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    remedy: 'start it by `rlev run` or `rlev sweep`',
  })
}

/** Finished only if all files are there and whole: the recorded weights, every evaluation, the metrics of every step. */
export function finishedBefore(home: string, { id, config }: { id: string; config: ExperimentConfig }): FrozenRun {
  try {
    const result = readResult(home, id)
    const evaluations = readEvaluations(home, id).map(({ evaluation }) => evaluation)
    const last = evaluations.at(-1)
    const end = result?.stopped?.step ?? config.steps
    if (result?.state !== 'done' || last?.step !== end) return {}
    const steps = new Set(evaluations.map(({ step }) => step))
    if (!evaluationSteps(config).every(step => step > end || steps.has(step))) return {}
    if (evaluations.some(({ step }) => readItemOutcomes(home, id, step) === null)) return {}
    if (readMetrics(home, id).length !== end) return {}
    const folder = runFolder(home, id)
    const references = readReferences(folder)
    if (!referenceNames.every(name => references.has(name))) return {}
    if (config.steps === 0) return { finished: { evaluation: summaryOf(last) } }
    if (result.weights === undefined) return {}
    const checkpoint = new Checkpoints(folder, originalKey(home, id, config)).whole(end)
    if (checkpoint?.weights !== result.weights) return {}
    const { weights, stopped } = result
    return { finished: { weights, evaluation: summaryOf(last), ...given({ stopped }) } }
  } catch (error) {
    // A damaged file is set aside and made again by the stage that makes it.
    if (error instanceof RlevError && error.kind === 'ArtifactDamaged') return {}
    throw error
  }
}
