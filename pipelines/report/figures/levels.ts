/** The endpoint against alpha (table 5 of the paper) and against the noise of the values: arms that differ in nothing else. */
import * as Plot from '@observablehq/plot'
import type { ArmComparison, Comparison } from '../../comparison/comparison.js'
import { alphaLadders, type Ladder, noiseLadders } from '../../comparison/levels.js'
import { type Estimate, shownHalf } from '../../statistics/estimate.js'
import { percent } from '../../text/percent.js'
import { type Html, html, table } from '../html.js'
import type { Material } from '../material.js'
import { numberCell, pCell, percentCell, pointsCell } from '../tables/cells.js'
import { kindOf, percentEstimate, pointsDifference } from '../tables/format.js'
import { figure } from './figure.js'
import { armSymbols } from './legend.js'
import { type ArmMark, colourOf } from './style.js'

/** Null where no arms differ in alpha alone. */
export function alphaSection({ plan, ...material }: Pick<Material, 'plan' | 'comparison' | 'marks'>): Html | null {
  return plan.kind === 'sweep' ? ladders(alphaLadders(plan), material) : null
}

/** Null where no arms differ in the noise of their values alone. */
export function noiseSection({ plan, ...material }: Pick<Material, 'plan' | 'comparison' | 'marks'>): Html | null {
  return plan.kind === 'sweep' ? ladders(noiseLadders(plan), material) : null
}

interface Rung {
  arm: ArmComparison
  mark: ArmMark
  level: number
  endpoint: NonNullable<ArmComparison['figures']>['endpoint']
}

function ladders(found: readonly Ladder[], { comparison, marks }: Pick<Material, 'comparison' | 'marks'>): Html | null {
  const drawn = found.flatMap(one => {
    const rungs = one.levels.flatMap(({ arm: name, level }): Rung[] => {
      const arm = comparison.arms.find(own => own.arm === name)
      const mark = marks.find(own => own.name === name)
      if (arm === undefined || mark === undefined || arm.figures === null) return []
      return [{ arm, mark, level, endpoint: arm.figures.endpoint }]
    })
    return rungs.length < 2 ? [] : [{ ladder: one, rungs }]
  })
  if (drawn.length === 0) return null
  return html`<div class="figures-grid">
${drawn.flatMap(({ ladder, rungs }) => [levelFigure(ladder, rungs, comparison), differenceFigure(ladder, rungs, comparison)])}</div>
${drawn.map(({ ladder, rungs }) => ladderTable(ladder, rungs, comparison))}`
}

interface Point {
  level: number
  colour: string
  y: number
  low: number
  high: number
}

function levelFigure({ name, label }: Ladder, rungs: readonly Rung[], comparison: Comparison): Html {
  const { endpointName } = comparison
  const against = [...new Set(rungs.flatMap(({ arm }) => arm.against ?? []))]
  const references = comparison.arms.filter(({ arm }) => against.includes(arm))
  const rules = references.flatMap(({ figures }) => (figures === null ? [] : [100 * figures.endpoint.mean]))
  const others = references.map(({ arm }) => arm).join(' and ')
  const words = rungs.map(({ level, endpoint }) => `${percentEstimate(endpoint)} at ${level}`)
  return ladderFigure({
    name,
    label,
    arms: rungs.map(({ mark }) => mark),
    caption: `${capital(endpointName)}, against ${label}.${interval(rungs)}${rules.length > 0 ? ` Dashed: ${others}.` : ''}`,
    alternative: `${capital(endpointName)}, in percent against ${label}: ${words.join(', ')}${rules.map(rule => `; ${others} ${percent(rule / 100)}`).join('')}.`,
    y: `${endpointName} (%)`,
    points: rungs.map(rung => pointOf(rung, rung.endpoint)),
    seeds: rungs.flatMap(({ level, arm, mark: { index } }) =>
      arm.perSeed.map(({ endpoint }) => ({ level, colour: colourOf(index), y: 100 * endpoint })),
    ),
    rules,
  })
}

/** These differences are paired, so what the seeds share cancels. */
function differenceFigure({ name, label }: Ladder, rungs: readonly Rung[], comparison: Comparison): Html {
  const { endpointName, baseline } = comparison
  const differences = rungs.flatMap(rung => {
    const difference = rung.arm.endpointDifference
    return difference === null ? [] : [{ ...rung, difference }]
  })
  if (differences.length < 2) return html``
  const words = differences.map(({ level, difference }) => `${pointsDifference(difference)} at ${level}`)
  return ladderFigure({
    name: `${name}-difference`,
    label,
    arms: differences.map(({ mark }) => mark),
    caption: `The same, minus ${baseline}, paired by seed, in points.${interval(rungs)}`,
    alternative: `Difference to ${baseline} in ${endpointName}, in points, against ${label}: ${words.join(', ')}.`,
    y: `points over ${baseline}`,
    points: differences.map(rung => pointOf(rung, rung.difference)),
    seeds: differences.flatMap(({ level, arm, mark: { index } }) =>
      arm.perSeed.flatMap(({ difference }) =>
        difference === null ? [] : [{ level, colour: colourOf(index), y: 100 * difference }],
      ),
    ),
    rules: [0],
  })
}

function interval(rungs: readonly Rung[]): string {
  const seeds = ' Open circles: single seeds.'
  return rungs.some(({ endpoint }) => shownHalf(endpoint) !== null) ? `${seeds} Bars: 95% intervals over seeds.` : seeds
}

function pointOf({ level, mark: { index } }: Pick<Rung, 'level' | 'mark'>, estimate: Estimate): Point {
  const { mean } = estimate
  const half = shownHalf(estimate) ?? 0
  return { level, colour: colourOf(index), y: 100 * mean, low: 100 * (mean - half), high: 100 * (mean + half) }
}

function ladderFigure({
  name,
  label,
  arms,
  caption,
  alternative,
  y,
  points,
  seeds,
  rules,
}: {
  name: string
  label: string
  arms: readonly ArmMark[]
  caption: string
  alternative: string
  y: string
  points: readonly Point[]
  seeds: readonly { level: number; colour: string; y: number }[]
  /** Heights of dashed lines. */
  rules: readonly number[]
}): Html {
  return figure({
    name,
    legend: armSymbols(arms, 'dot'),
    caption,
    alternative,
    plot: {
      x: { label, ticks: points.map(({ level }) => level), tickFormat: level => String(level), inset: 12 },
      y: { label: y, grid: true, nice: true },
      color: { type: 'identity' },
      marks: [
        Plot.ruleY(rules, { stroke: 'currentColor', strokeDasharray: '6 4', strokeOpacity: 0.8 }),
        Plot.line(points, { x: 'level', y: 'y', stroke: 'var(--faint)', strokeWidth: 1.5 }),
        Plot.ruleX(points, { x: 'level', y1: 'low', y2: 'high', stroke: 'colour', strokeWidth: 3 }),
        Plot.dot(seeds, { x: 'level', y: 'y', stroke: 'colour', r: 3, strokeOpacity: 0.8 }),
        Plot.dot(points, { x: 'level', y: 'y', fill: 'colour', r: 5 }),
      ],
    },
  })
}

function ladderTable({ name, label }: Ladder, rungs: readonly Rung[], { endpointName, baseline }: Comparison): Html {
  return table({
    name,
    title: `${capital(endpointName)} (%), against ${label}`,
    header: ['arm', 'level', 'mean', `minus ${baseline} (points)`, 'p (Holm)'],
    rows: rungs.map(({ arm, level, endpoint }) => ({
      kind: kindOf(arm),
      cells: [
        arm.arm,
        numberCell(String(level), level),
        percentCell(endpoint),
        pointsCell(arm.endpointDifference),
        pCell(arm.endpointDifference?.pHolm),
      ],
    })),
  })
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
