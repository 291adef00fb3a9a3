/**
 * Evaluations of an experiment that was trained elsewhere, from its answers to the test items: marked and kept as those of a run of this
 * home, so that comparison and report read both alike. Called by a command, not by a workflow. A call that is interrupted is made again,
 * and passes by what is whole.
 */
import { evaluationSteps } from '../../pipelines/config/due-steps.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { ItemAnswers } from '../../pipelines/evaluation/answer-items.js'
import { evaluateAnswers } from '../../pipelines/evaluation/evaluate-answers.js'
import type { MarkResponses } from '../../pipelines/rewards/marking.js'
import { keepValues, readValues } from '../normalize-values.js'
import { keepData, readData } from '../prepare-data.js'
import { Fence } from '../store/fence.js'
import { writeWhole } from '../store/files.js'
import { keepReference } from '../store/references.js'
import { keepSource } from '../store/runs/elsewhere.js'
import { experimentPaths, runFolder } from '../store/runs/run-folder.js'
import { keepConfig, readEvaluations, type StoredResult } from '../store/runs/runs.js'
import { seal } from '../store/sealed.js'
import { keepProgram } from '../verifiers/kept-program.js'
import type { Workplace } from '../workplace.js'
import { KeptEvaluation } from './keep-evaluation.js'

/** Of one step. */
export interface AnsweredStep {
  step: number
  answers: readonly ItemAnswers[]
  /** Of the answers. */
  sha256: string
  files: readonly string[]
}

export interface Markers {
  /** The verifier, which also reads the references of the items. */
  verifier: MarkResponses
  /** The judge if the config has one, else the verifier. */
  evaluation: MarkResponses
}

export interface ImportedExperiment {
  /** Steps whose evaluation this call made. */
  made: number[]
  /** Steps whose evaluation is not there yet. */
  missing: number[]
}

export async function importEvaluations(
  workplace: Workplace,
  {
    id,
    config,
    steps,
    markers,
  }: { id: string; config: ExperimentConfig; steps: readonly AnsweredStep[]; markers: Markers },
): Promise<ImportedExperiment> {
  const { home, store } = workplace
  const folder = runFolder(home, id)
  keepConfig(home, id, config)
  const verifier = await keepProgram(store, config.reward)
  if (verifier !== null) keepReference(folder, 'verifier', verifier)
  const data = await keepData(workplace, id, markers.verifier)
  const values = await keepValues(workplace, { run: id, data })
  const items = readData(store, data).test
  // Two calls at once write the same bytes, so neither needs to keep the other out.
  const fence = Fence.take(folder, { run: 'import', activity: 0, attempt: 0 })
  const made: number[] = []
  for (const { step, answers, sha256, files } of steps) {
    keepSource(home, id, { step, source: { sha256, files, time: workplace.now() } })
    const kept = new KeptEvaluation({ home, run: id, step })
    if (kept.read() !== null) continue
    const { evaluation, outcomes } = await evaluateAnswers({
      answers,
      items,
      values: readValues(store, values).test,
      config,
      step,
      mark: markers.evaluation,
    })
    kept.keep({ stored: { time: workplace.now(), evaluation }, outcomes }, fence)
    made.push(step)
  }
  const there = new Set(readEvaluations(home, id).map(({ evaluation }) => evaluation.step))
  const missing = evaluationSteps(config).filter(step => !there.has(step))
  if (missing.length === 0) {
    const result: StoredResult = { state: 'done', step: config.steps }
    writeWhole(experimentPaths.result(folder), seal(result))
  }
  return { made, missing }
}
