/** Stage: marks of stored answers, by the judge if the config has one, and the evaluation made of them. Needs no policy. */
import { evaluateAnswers as evaluate } from '../../pipelines/evaluation/evaluate-answers.js'
import { readValues } from '../normalize-values.js'
import { readData } from '../prepare-data.js'
import { currentAttempt, stage, throwIfCancelled } from '../stage.js'
import { Fence } from '../store/fence.js'
import { keepReference } from '../store/references.js'
import { runFolder } from '../store/runs/run-folder.js'
import type { ArtifactRef } from '../store/store.js'
import { readAnswers } from '../store/stored-answers.js'
import type { TrainingInput } from '../training/training.js'
import { markWith } from '../verifiers/mark-with.js'
import { runConfig, type Workplace } from '../workplace.js'
import { type EvaluationSummary, summaryOf } from './evaluation-summary.js'
import { KeptEvaluation } from './keep-evaluation.js'

export interface AnsweredInput extends TrainingInput {
  step: number
  answers: ArtifactRef
}

export function evaluateAnswers(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ run, stages, step, answers }: AnsweredInput): Promise<EvaluationSummary> => {
      const { home, store } = workplace
      const config = runConfig(workplace, run)
      const folder = runFolder(home, run)
      if (step === 0) keepReference(folder, 'baseEvaluation', answers)
      const kept = new KeptEvaluation({ home, run, step })
      const there = kept.read()
      if (there !== null) return summaryOf(there.evaluation)

      const fence = Fence.take(folder, currentAttempt())
      const { evaluation, outcomes } = await evaluate({
        answers: readAnswers(store, answers),
        items: readData(store, stages.data).test,
        values: readValues(store, stages.values).test,
        config,
        step,
        mark: markWith(workplace, config, 'evaluation'),
      })
      await throwIfCancelled()
      kept.keep({ stored: { time: workplace.now(), evaluation }, outcomes }, fence)
      return summaryOf(evaluation)
    },
  })
}
