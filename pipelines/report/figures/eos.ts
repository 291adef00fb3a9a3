/** EOS trajectories (figure 2 of the paper): P(EOS) by position for the most and the least valued test items, before and after. */
import * as Plot from '@observablehq/plot'
import type { ExperimentOutcome } from '../../comparison/outcome.js'
import type { EosTrajectory } from '../../evaluation/evaluation.js'
import { type Html, html } from '../html.js'
import type { Material } from '../material.js'
import type { LegendEntry } from './drawing.js'
import { figure } from './figure.js'
import { type ArmMark, colourOf } from './style.js'

/** Null where no arm has a trajectory. */
export function eosSection({ marks, done }: Pick<Material, 'marks' | 'done'>): Html | null {
  const of = (name: string) => done.filter(({ arm, evaluations }) => arm === name && evaluations.length > 0)
  const drawn = marks.flatMap(mark => eosFigure(mark, of(mark.name)) ?? [])
  return drawn.length === 0
    ? null
    : html`<div class="figures-grid">
${drawn}</div>
`
}

function eosFigure({ name, index }: ArmMark, outcomes: readonly ExperimentOutcome[]): Html | null {
  const after = pooled(outcomes.map(outcome => outcome.evaluations.at(-1)?.eos ?? []))
  // A policy that was not trained has one evaluation only.
  const trained = outcomes.some(({ evaluations }) => evaluations.length > 1)
  const before = trained ? pooled(outcomes.map(outcome => outcome.evaluations[0]?.eos ?? [])) : []
  const [top] = after
  if (top === undefined) return null
  const colour = colourOf(index)
  const line = ({ group, points }: (typeof after)[number], when: keyof typeof ages) =>
    Plot.line(points, {
      x: 'position',
      y: 'probability',
      stroke: colour,
      strokeWidth: ages[when].width,
      strokeOpacity: ages[when].opacity,
      strokeDasharray: groups[group].dash,
      strokeLinecap: 'butt',
    })
  const legend = (['after', ...(trained ? (['before'] as const) : [])] as const).flatMap(when =>
    (['top', 'bottom'] as const).map((group): LegendEntry => {
      const label = `${groups[group].label}${trained ? `, ${when} training` : ''}`
      return { label, symbol: 'line', colour, ...ages[when], dash: groups[group].dash }
    }),
  )
  const peak = (group: EosTrajectory['group']) => {
    const points = after.find(one => one.group === group)?.points ?? []
    return points.find(point => point.probability >= 0.5)?.position
  }
  return figure({
    name: `eos-${name}`,
    title: `${name}: when responses end`,
    legend,
    caption: `${name}: probability that the response ends (P(EOS)) by position, greedy, over the ${top.items} test items with the highest values and the ${top.items} with the lowest. At late positions few responses are left.`,
    alternative: `EOS trajectories of ${name}: ${trained ? 'after training ' : ''}P(EOS) passes one half at position ${peak('top') ?? 'none'} for the most valued items and at ${peak('bottom') ?? 'none'} for the least valued.`,
    plot: {
      x: { label: 'response position (tokens)', ticks: wholeTicks(top.points.length) },
      y: { label: 'P(EOS)', domain: [0, 1], grid: true },
      marks: [...before.map(one => line(one, 'before')), ...after.map(one => line(one, 'after'))],
    },
  })
}

/** Values by the pattern of a line, training by its strength: colours belong to arms. */
const groups = { top: { label: 'highest values', dash: '' }, bottom: { label: 'lowest values', dash: '2 3' } } as const
const ages = { after: { width: 2.4, opacity: 1 }, before: { width: 1.6, opacity: 0.45 } } as const

/** About eight whole positions from 0. */
function wholeTicks(positions: number): number[] {
  const step = Math.max(1, Math.ceil(positions / 8))
  return Array.from({ length: Math.ceil(positions / step) }, (_, index) => index * step)
}

/** Over seeds, each position weighted by the responses that reach it. */
function pooled(runs: readonly (readonly EosTrajectory[])[]) {
  return (['top', 'bottom'] as const).flatMap(group => {
    const trajectories = runs.flatMap(run => run.filter(one => one.group === group))
    const longest = Math.max(0, ...trajectories.map(one => one.probability.length))
    const points = Array.from({ length: longest }, (_, position) => {
      let sum = 0
      let reached = 0
      for (const one of trajectories) {
        sum += (one.probability[position] ?? 0) * (one.reached[position] ?? 0)
        reached += one.reached[position] ?? 0
      }
      return { position, probability: reached === 0 ? 0 : sum / reached }
    })
    return points.length === 0 ? [] : [{ group, items: trajectories[0]?.items ?? 0, points }]
  })
}
