/**
 * What a run shows in MLflow: params from the config, metrics in slash groups (a group is a section of charts), final values
 * again at step 0 (bars beside the curves), the result in words. A point's timestamp is the one stored with it.
 */

import type { Comparison } from '../../pipelines/comparison/comparison.js'
import { overCurve } from '../../pipelines/comparison/outcome.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { alarmLines } from '../../pipelines/evaluation/alarm-lines.js'
import type { Alarm } from '../../pipelines/evaluation/alarms.js'
import type { Columns, Evaluation } from '../../pipelines/evaluation/evaluation.js'
import { given } from '../../pipelines/given.js'
import { plainMarkdown } from '../../pipelines/input/markdown.js'
import { printable, shortened } from '../../pipelines/printable.js'
import { markText } from '../../pipelines/rewards/mark.js'
import { percentWithSign } from '../../pipelines/text/percent.js'
import type { StepMetrics } from '../../pipelines/training/step-metrics.js'
import type { PredictionQuality } from '../../pipelines/values/predictor/quality.js'
import { isName } from '../mlflow/checks.js'
import type { Metric, Param } from '../mlflow/types.js'
import type { StoredEvaluation } from '../store/runs/runs.js'
import { keyParts } from './keys.js'

/** `reward.alpha = 10`; null for a key that is off. */
export function paramsOf(config: object, prefix = ''): Param[] {
  const parts = keyParts(Object.keys(config), { keeps: isName })
  return Object.entries(config).flatMap(([name, value]: [string, unknown]): Param[] => {
    const key = `${prefix}${parts.get(name)}`
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return paramsOf(value, `${key}.`)
    return [{ key, value: typeof value === 'string' ? value : JSON.stringify(value ?? null) }]
  })
}

export function stepMetrics({ step, time, values }: StepMetrics): Metric[] {
  return Object.entries(values).map(([key, value]) => ({ key, value, timestamp: time, step }))
}

const columnNames: Record<keyof Columns, string> = {
  acc: 'acc',
  cut: 'cut',
  hAcc: 'h_acc',
  length: 'length',
  valueDensity: 'value_density',
  accHigh: 'acc_high',
  accLow: 'acc_low',
}

function columnValues(prefix: string, { greedy, expected }: Evaluation): [string, number][] {
  return Object.entries(columnNames).flatMap(([column, name]): [string, number][] => {
    const key = column as keyof Columns
    return known([
      [`${prefix}/${name}`, greedy[key]],
      [`${prefix}/expected_${name}`, expected[key]],
    ])
  })
}

/** Evaluations of older versions lack some of the figures. */
function known(values: readonly [string, number | undefined][]): [string, number][] {
  return values.filter((value): value is [string, number] => value[1] !== undefined)
}

/** Mean credits, where there are any besides 1 and 0. */
function creditValues(prefix: string, { credit }: Evaluation): [string, number][] {
  if (credit === undefined) return []
  return [
    [`${prefix}/credit`, credit.greedy],
    [`${prefix}/expected_credit`, credit.expected],
  ]
}

export function evaluationMetrics({ time, evaluation }: StoredEvaluation): Metric[] {
  const values = [
    ...columnValues('eval', evaluation),
    ...creditValues('eval', evaluation),
    ...evaluation.passAtK.map(({ k, value }): [string, number] => [`eval/pass_at_${k}`, value]),
    ...judgeValues(evaluation),
    ...transferValues(evaluation),
    ...sectionValues(evaluation),
  ]
  return values.map(([key, value]) => ({ key, value, timestamp: time, step: evaluation.step }))
}

function transferValues({ transfer = [] }: Evaluation): [string, number][] {
  return valuesByName('transfer', transfer, ({ name, greedy, expected }) => [
    name,
    {
      acc: greedy.acc,
      h_acc: greedy.hAcc,
      expected_acc: expected.acc,
      expected_h_acc: expected.hAcc,
      ...given({ cut: greedy.cut, expected_cut: expected.cut }),
    },
  ])
}

function sectionValues({ sections }: Evaluation): [string, number][] {
  return valuesByName('sections', sections, ({ section, expected: { acc, hAcc, credit, length } }) => [
    section,
    { acc, ...given({ h_acc: hAcc, credit }), length },
  ])
}

/** `group/name_measure` for each measure of each outcome. */
function valuesByName<Outcome>(
  group: string,
  outcomes: readonly Outcome[],
  measured: (outcome: Outcome) => [name: string, measures: Record<string, number>],
): [string, number][] {
  const named = outcomes.map(measured)
  const measures = Object.keys(named[0]?.[1] ?? {})
  const parts = keyParts(
    named.map(([name]) => name),
    { written: part => measures.map(measure => `${part}_${measure}`) },
  )
  return named.flatMap(([name, values]) =>
    Object.entries(values).map(([measure, value]): [string, number] => [
      `${group}/${parts.get(name)}_${measure}`,
      value,
    ]),
  )
}

/** The share without a verdict, and the accuracies if all of those were wrong, and if all were right. */
function judgeValues({ judge, undecided }: Evaluation): [string, number][] {
  if (judge === undefined) return []
  return (['greedy', 'expected'] as const).flatMap((decoding): [string, number][] => {
    const { share, acc, hAcc } = undecided[decoding]
    const prefix = decoding === 'greedy' ? 'judge/' : 'judge/expected_'
    return [
      [`${prefix}unscored`, share],
      [`${prefix}acc_if_wrong`, acc.lowest],
      [`${prefix}acc_if_right`, acc.highest],
      [`${prefix}h_acc_if_wrong`, hAcc.lowest],
      [`${prefix}h_acc_if_right`, hAcc.highest],
    ]
  })
}

/** Of the arm's score predictor, at step 0. */
export function predictorMetrics(
  { exactMatch, unparsed, pearson, spearman }: PredictionQuality,
  time: number,
): Metric[] {
  const values: [string, number | null][] = [
    ['predictor/exact_match', exactMatch],
    ['predictor/unparsed', unparsed],
    ['predictor/pearson', pearson.r],
    ['predictor/spearman', spearman.r],
  ]
  return values.flatMap(([key, value]) => (value === null ? [] : [{ key, value, timestamp: time, step: 0 }]))
}

/** Of the last evaluation, at step 0, with the mean over the curve. */
export function finalMetrics(evaluations: readonly StoredEvaluation[]): Metric[] {
  const last = evaluations.at(-1)
  if (last === undefined) return []
  const values = [...columnValues('final', last.evaluation), ...creditValues('final', last.evaluation)]
  const curve = overCurve(
    evaluations.map(({ evaluation }) => evaluation),
    ({ expected }) => expected.hAcc,
  )
  if (curve !== null) values.push(['final/expected_h_acc_curve', curve])
  return values.map(([key, value]) => ({ key, value, timestamp: last.time, step: 0 }))
}

/** Endpoint and paired difference of each arm, at step 0; `time` is that of the newest evaluation in them. */
export function comparisonMetrics({ arms }: Comparison, time: number): Metric[] {
  const values = arms.flatMap(({ arm, figures, endpointDifference }): [string, number][] => [
    ...(figures === null ? [] : [[`endpoint/${arm}`, figures.endpoint.mean] satisfies [string, number]]),
    ...(endpointDifference === null ? [] : [[`difference/${arm}`, endpointDifference.mean] satisfies [string, number]]),
  ])
  return values.map(([key, value]) => ({ key, value, timestamp: time, step: 0 }))
}

/** Markdown of the run's page. */
export function experimentNote({
  config,
  evaluations,
  run,
  alarms,
}: {
  config: ExperimentConfig
  evaluations: readonly StoredEvaluation[]
  run: string
  alarms: readonly Alarm[]
}): string {
  const first = evaluations[0]?.evaluation
  const last = evaluations.at(-1)?.evaluation
  const lines = [
    ...alarmLines([{ arm: run, seed: config.seed, alarms }], { sweep: false }).map(
      line => `**Alarm** ${plainMarkdown(line)}`,
    ),
    `**${config.estimator.name}**, scale **${config.reward.scale}** (alpha ${config.reward.alpha}), values ${config.value.ablation === 'none' ? 'as they are' : config.value.ablation}, seed ${config.seed}, ${config.steps} steps.`,
  ]
  if (first !== undefined && last !== undefined && last.step > first.step) {
    lines.push(
      `H-Acc ${percentWithSign(first.greedy.hAcc)} before and ${percentWithSign(last.greedy.hAcc)} after training (expected over samples: ${percentWithSign(first.expected.hAcc)} and ${percentWithSign(last.expected.hAcc)}); Acc ${percentWithSign(first.greedy.acc)} and ${percentWithSign(last.greedy.acc)}; ${first.greedy.length.toFixed(1)} and ${last.greedy.length.toFixed(1)} tokens.`,
    )
  }
  lines.push(`\`rlev status ${run.split('/')[0]}\``)
  return lines.join('\n\n')
}

/** The text is shown in a web page, which may interpret control characters. */
const shown = (text: string): string => printable(shortened(text, 4000))

/** The sample responses as a table artifact. */
export function samplesTable({ responses }: Evaluation): { columns: string[]; data: (string | number)[][] } {
  return {
    columns: ['section', 'prompt', 'answer', 'value', 'response', 'verdict'],
    data: responses.map(({ section, prompt, answer, value, text, ...mark }) => [
      shown(section),
      shown(prompt),
      shown(answer),
      value,
      shown(text),
      markText(mark),
    ]),
  }
}
