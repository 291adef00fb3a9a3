/** Curves over training: the mean over seeds of each arm, in the band from its lowest to its highest seed. */

import * as Plot from '@observablehq/plot'
import type { ExperimentOutcome } from '../../comparison/outcome.js'
import type { Evaluation } from '../../evaluation/evaluation.js'
import { grouped } from '../../grouped.js'
import { mean } from '../../statistics/estimate.js'
import { type Html, html } from '../html.js'
import type { Material } from '../material.js'
import { NONE } from '../tables/format.js'
import { figure } from './figure.js'
import { armLines } from './legend.js'
import { type ArmMark, colourOf, inDrawingOrder, lineOf } from './style.js'

interface Point {
  step: number
  y: number
}

interface ArmCurve extends ArmMark {
  /** At the steps that every seed has. */
  mean: readonly Point[]
  /** From the lowest to the highest seed; empty with a single one. */
  band: readonly { step: number; low: number; high: number }[]
}

/** Steps of training are averaged in this many stretches, because single steps are noisy. */
const STRETCHES = 25

/** Null while nothing was evaluated or trained. */
export function curvesSection({
  marks: arms,
  done: outcomes,
  comparison: { sampled },
}: Pick<Material, 'marks' | 'done' | 'comparison'>): Html | null {
  if (outcomes.every(({ evaluations, metrics }) => evaluations.length === 0 && metrics.length === 0)) return null
  const evaluated = (read: (evaluation: Evaluation) => number) =>
    curvesOf(arms, outcomes, ({ evaluations }) => evaluations.map(one => ({ step: one.step, y: read(one) })))
  const measured = (key: string, factor = 1) => curvesOf(arms, outcomes, outcome => stretched(outcome, key, factor))
  const seeds = outcomes.some(({ seed }) => seed !== outcomes[0]?.seed) ? ' Bands: lowest to highest seed.' : ''
  const stretch = `Steps are averaged in stretches.${seeds}`
  const decoding = sampled ? 'expected' : 'greedy'
  const Decoding = sampled ? 'Expected' : 'Greedy'
  return html`<div class="figures-grid">
${curveFigure({
  name: 'curve-h-acc',
  title: `${Decoding} H-Acc on the test items`,
  label: `${decoding} H-Acc (%)`,
  curves: evaluated(evaluation => 100 * evaluation[decoding].hAcc),
  caption: `${Decoding} H-Acc. Shaded: the evaluations whose mean is the mean over the curve; the level lines are these means.${seeds}`,
  shade: true,
})}${curveFigure({
  name: 'curve-acc',
  title: `${Decoding} accuracy on the test items`,
  label: `${decoding} Acc (%)`,
  curves: evaluated(evaluation => 100 * evaluation[decoding].acc),
  caption: `${Decoding} accuracy. Every item counts by its weight.${seeds}`,
})}${curveFigure({
  name: 'curve-length',
  title: `${Decoding} response length on the test items`,
  label: 'length (tokens)',
  curves: evaluated(evaluation => evaluation[decoding].length),
  caption: `${Decoding} response length on the test items.${seeds}`,
})}${curveFigure({
  name: 'training-reward',
  title: 'Training reward',
  label: 'reward',
  curves: measured('reward/mean'),
  caption: `Mean reward of a response in training. Each arm has its own scale of reward, so heights do not compare between arms. ${stretch}`,
})}${curveFigure({
  name: 'training-correct',
  title: 'Share of training responses that are correct',
  label: 'correct (%)',
  curves: measured('verdict/correct', 100),
  caption: `Share of the training responses that are correct, at the sampling temperature. ${stretch}`,
})}${curveFigure({
  name: 'training-length',
  title: 'Length of training responses',
  label: 'length (tokens)',
  curves: measured('length/mean'),
  caption: `Response length in training. ${stretch}`,
})}</div>
`
}

function curvesOf(
  arms: readonly ArmMark[],
  outcomes: readonly ExperimentOutcome[],
  read: (outcome: ExperimentOutcome) => readonly Point[],
): ArmCurve[] {
  const byArm = grouped(outcomes, ({ arm }) => arm)
  return arms.flatMap(arm => {
    const seeds = (byArm.get(arm.name) ?? []).map(read).filter(points => points.length > 0)
    if (seeds.length === 0) return []
    const common = (seeds[0] ?? []).flatMap(({ step }) => {
      const here = seeds.flatMap(points => points.find(point => point.step === step)?.y ?? [])
      return here.length === seeds.length
        ? [{ step, y: mean(here), low: Math.min(...here), high: Math.max(...here) }]
        : []
    })
    return [{ ...arm, mean: common, band: seeds.length > 1 ? common : [] }]
  })
}

function stretched({ metrics }: ExperimentOutcome, key: string, factor: number): Point[] {
  const points = metrics.flatMap(({ step, values }) => {
    const y = values[key]
    return y === undefined ? [] : [{ step, y: factor * y }]
  })
  const size = Math.max(1, Math.ceil(points.length / STRETCHES))
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size)
    return { step: part.at(-1)?.step ?? 0, y: mean(part.map(point => point.y)) }
  })
}

function curveFigure({
  name,
  title,
  label,
  curves,
  caption,
  shade = false,
}: {
  name: string
  title: string
  label: string
  curves: readonly ArmCurve[]
  caption: string
  shade?: boolean
}): Html {
  if (curves.length === 0) return html`<p class="faint">${title}: nothing measured.</p>`
  const steps = curves.flatMap(curve => curve.mean.map(point => point.step))
  const first = Math.min(...steps.filter(step => step > 0))
  const last = Math.max(...steps)
  const shading =
    shade && Number.isFinite(first)
      ? [Plot.rect([0], { x1: first, x2: last, fill: 'currentColor', fillOpacity: 0.06 })]
      : []
  const opacity = 0.3 / (curves.length + 1)
  const ordered = inDrawingOrder(curves)
  const bands = ordered.map(({ index, band }) =>
    Plot.areaY(band, { x: 'step', y1: 'low', y2: 'high', fill: colourOf(index), fillOpacity: opacity }),
  )
  const lines = ordered.flatMap(curve => {
    const { index, mean: points } = curve
    const level = points.filter(point => point.step > 0)
    return [
      Plot.line(points, { x: 'step', y: 'y', ...lineOf(curve) }),
      ...(shade && level.length > 0
        ? [
            Plot.ruleY([mean(level.map(point => point.y))], {
              x1: first,
              x2: last,
              stroke: colourOf(index),
              strokeWidth: 1,
              strokeOpacity: 0.7,
            }),
          ]
        : []),
    ]
  })
  const ends = curves
    .map(({ name: arm, mean: points }) => `${arm} from ${valueAt(points[0])} to ${valueAt(points.at(-1))}`)
    .join(', ')
  return figure({
    name,
    legend: armLines(curves),
    caption,
    alternative: `${title} by training step: ${ends}.`,
    plot: {
      x: { label: 'training step' },
      y: { label, grid: true, nice: true },
      marks: [...shading, ...bands, ...lines],
    },
  })
}

function valueAt(point: Point | undefined): string {
  return point === undefined ? NONE : point.y.toFixed(1)
}
