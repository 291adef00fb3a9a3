/**
 * The activities of experiments without their work. What the orchestration reads and writes is real: the plan, configs and results in the
 * home, and files of metrics and evaluations with made-up numbers, so that `status` and the report have what they read of a run.
 */
import type { EvaluationSummary } from '../../../activities/evaluation/evaluation-summary.js'
import { summaryOf } from '../../../activities/evaluation/evaluation-summary.js'
import type { GpuActivities } from '../../../activities/gpu-activities.js'
import { type IoActivities, ioActivities } from '../../../activities/io-activities.js'
import { writeWhole } from '../../../activities/store/files.js'
import { originalKey } from '../../../activities/store/runs/provenance.js'
import { entryLabel, experimentPaths, runFolder } from '../../../activities/store/runs/run-folder.js'
import { readConfig } from '../../../activities/store/runs/runs.js'
import { seal } from '../../../activities/store/sealed.js'
import type { Workplace } from '../../../activities/workplace.js'
import type { Columns, Evaluation } from '../../../pipelines/evaluation/evaluation.js'

const artifact = { uri: 'objects/none', sha256: '0'.repeat(64), bytes: 0, kind: 'none' }
const weights = 'f'.repeat(64)

export function stubbedIo(place: Workplace): IoActivities {
  const { freezeRun, readCells, recordResult, publishReport } = ioActivities(place)
  const tracked = async () => ({ runId: 'none', url: 'http://mlflow.invalid' })
  return {
    ...{ freezeRun, readCells, recordResult, publishReport },
    prepareData: async () => artifact,
    normalizeValues: async () => artifact,
    ablateValues: async () => artifact,
    scaleRewards: async () => ({ reward: 1, unscored: 0 }),
    evaluateAnswers: async ({ run, step }) => evaluate(place, run, step),
    openTracking: tracked,
    closeTracking: tracked,
    trackProgress: async () => {},
    trackStatus: async () => {},
  }
}

export function stubbedGpu(place: Workplace): GpuActivities {
  return {
    warmStart: async () => artifact,
    predictValues: async () => artifact,
    answerItems: async () => artifact,
    answerPieces: async () => ({ responses: 0 }),
    rollOut: async () => ({ responses: 1, tokens: 1 }),
    rollOutPieces: async () => ({ responses: 0 }),
    updatePolicy: async ({ run, step }) => train(place, { run, from: step - 1, to: step }),
    trainSteps: async ({ run, from, to }) => train(place, { run, from, to }),
    evaluatePolicy: async ({ run, step }) => evaluate(place, run, step),
  }
}

function train({ home }: Workplace, { run, from, to }: { run: string; from: number; to: number }) {
  const key = originalKey(home, run, readConfig(home, run))
  for (let step = from + 1; step <= to; step++) {
    const values = { 'reward/mean': chance(run, step), 'verdict/correct': chance(run, step), 'length/mean': 7 }
    const entry = seal({ step, time: Date.now(), values }, entryLabel('metrics', step, key))
    writeWhole(experimentPaths.metrics(runFolder(home, run), step), entry)
  }
  return { step: to, reward: chance(run, to), weights }
}

function evaluate({ home }: Workplace, run: string, step: number): EvaluationSummary {
  const evaluation = evaluationOf(run, step)
  const label = entryLabel('evaluation', step, originalKey(home, run, readConfig(home, run)))
  const path = experimentPaths.evaluation(runFolder(home, run), step)
  writeWhole(path, seal({ time: Date.now(), evaluation }, label))
  return summaryOf(evaluation)
}

function evaluationOf(run: string, step: number): Evaluation {
  const hAcc = 0.4 + 0.3 * chance(run, step)
  const columns: Columns = {
    ...{ acc: hAcc + 0.1, hAcc, length: 7, valueDensity: (100 * hAcc) / 7, accHigh: hAcc - 0.05, accLow: hAcc + 0.1 },
    cut: 0,
  }
  const at = (share: number) => ({ lowest: share, highest: share })
  const undecided = { share: 0, acc: at(columns.acc), hAcc: at(hAcc) }
  const figures = { acc: columns.acc, hAcc, length: 7 }
  return {
    ...{ step, items: 100, greedy: columns, expected: columns, unscored: 0, passAtK: [], responses: [] },
    undecided: { greedy: undecided, expected: undecided },
    sections: ['1', '2', '3'].map(section => ({
      ...{ section, items: 33, value: 0.05 },
      ...{ greedy: figures, expected: figures },
    })),
    eos: (['top', 'bottom'] as const).map(group => ({ group, items: 20, probability: [0.1, 0.5], reached: [20, 18] })),
  }
}

/** A number in [0, 1) that is the same for the same experiment and step. */
function chance(run: string, step: number): number {
  let state = step + 1
  for (const character of run) state = (Math.imul(state, 31) + character.charCodeAt(0)) >>> 0
  return state / 2 ** 32
}
