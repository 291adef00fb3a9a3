/** Length against value: expected response length on each fifth of the test items by value, at the end and over training. */
import * as Plot from '@observablehq/plot'
import type { ItemResults } from '../../evaluation/item-results.js'
import { mean } from '../../statistics/estimate.js'
import { type Fifth, fifths, weightsInFifth } from '../../statistics/fifths.js'
import { weightedMean } from '../../statistics/weighted-mean.js'
import { type Html, html, table } from '../html.js'
import type { Material } from '../material.js'
import type { Cell } from '../tables/table.js'
import { figure } from './figure.js'
import { armLines } from './legend.js'
import { type ArmMark, colourOf, inDrawingOrder, lineOf } from './style.js'

interface ArmLengths extends ArmMark {
  /** Tokens, mean over seeds; the first is before training. */
  curve: readonly { step: number; byFifth: readonly { fifth: Fifth; length: number }[] }[]
}

/** Null if results on single items are not known. */
export function lengthSection({ done, marks }: Pick<Material, 'done' | 'marks'>): Html | null {
  const arms = marks.flatMap((mark): ArmLengths[] => {
    const runs = done.flatMap(({ arm, items }) => (arm === mark.name && items !== undefined ? [items] : []))
    const [first] = runs
    if (first === undefined) return []
    const curves = runs.map(lengthsByFifth)
    const curve = first.evaluations.flatMap(({ step }) => {
      const here = curves.flatMap(one => one.find(point => point.step === step) ?? [])
      if (here.length < runs.length) return []
      const byFifth = fifths.map((fifth, index) => ({
        fifth,
        length: mean(here.map(({ lengths }) => lengths[index] ?? Number.NaN)),
      }))
      return [{ step, byFifth }]
    })
    return curve.length === 0 ? [] : [{ ...mark, curve }]
  })
  if (arms.length === 0) return null
  return html`<div class="figures-grid">
${endFigure(arms)}${arms.map(trainingFigure)}</div>
${lengthTable(arms)}`
}

function lengthsByFifth({ items, evaluations }: ItemResults): { step: number; lengths: number[] }[] {
  const weights = fifths.map(fifth => weightsInFifth(items, fifth))
  return evaluations.map(({ step, length }) => ({ step, lengths: weights.map(own => weightedMean(length, own)) }))
}

function endFigure(arms: readonly ArmLengths[]): Html {
  const words = arms.map(({ name, curve }) => {
    const last = curve.at(-1)?.byFifth ?? []
    return `${name} ${last.map(({ length }) => length.toFixed(1)).join(', ')}`
  })
  return figure({
    name: 'length-by-value',
    title: 'Response length by value, at the end of training',
    legend: [
      ...armLines(arms),
      {
        label: 'before training, every arm in its colour',
        symbol: 'line',
        colour: 'currentColor',
        width: 1.5,
        dash: '2 4',
        opacity: 0.5,
      },
    ],
    caption:
      'Expected response length by fifth of value at the end of training; fifth 5 has the highest values. Mean over seeds.',
    alternative: `Expected length in tokens from the least to the most valued fifth of the test items at the end of training: ${words.join('; ')}.`,
    plot: {
      x: { label: 'fifth of the test items by value', ticks: [...fifths], tickFormat: fifth => String(fifth) },
      y: { label: 'length (tokens)', grid: true, nice: true },
      marks: inDrawingOrder(arms).flatMap(arm => {
        const { index, curve } = arm
        const stroke = colourOf(index)
        const line = (place: 0 | -1) => [...(curve.at(place)?.byFifth ?? [])]
        return [
          Plot.line(line(0), { x: 'fifth', y: 'length', stroke, strokeOpacity: 0.5, strokeDasharray: '2 4' }),
          Plot.line(line(-1), { x: 'fifth', y: 'length', ...lineOf(arm) }),
          Plot.dot(line(-1), { x: 'fifth', y: 'length', fill: stroke, r: 3 }),
        ]
      }),
    },
  })
}

function trainingFigure({ name, index, curve }: ArmLengths): Html {
  const lines = fifths.map((fifth, place) => ({
    fifth,
    points: curve.map(({ step, byFifth }) => ({ step, length: byFifth[place]?.length ?? Number.NaN })),
  }))
  const ends = labels(lines.flatMap(({ fifth, points }) => points.slice(-1).map(last => ({ ...last, fifth }))))
  const words = lines.map(
    ({ fifth, points }) => `fifth ${fifth} from ${points[0]?.length.toFixed(1)} to ${points.at(-1)?.length.toFixed(1)}`,
  )
  const stroke = colourOf(index)
  return figure({
    name: `length-${name}`,
    title: `${name}: response length by value`,
    legend: [{ label: name, symbol: 'line', colour: stroke }],
    caption: `${name}: expected response length over training by fifth of value, from 1 (lowest values, faintest line) to 5 (highest). Mean over seeds.`,
    alternative: `Expected length in tokens of ${name} over training: ${words.join(', ')}.`,
    plot: {
      marginRight: 30,
      x: { label: 'training step' },
      y: { label: 'length (tokens)', grid: true, nice: true },
      marks: [
        ...lines.map(({ fifth, points }) =>
          Plot.line(points, { x: 'step', y: 'length', stroke, strokeWidth: 1.8, strokeOpacity: 0.25 + 0.15 * fifth }),
        ),
        Plot.text(ends, { x: 'step', y: 'length', text: 'text', textAnchor: 'start', dx: 5, fill: 'currentColor' }),
      ],
    },
  })
}

/** Neighbouring fifths share a label if their lines end so close that two labels would overlap. */
function labels(ends: readonly { step: number; length: number; fifth: Fifth }[]) {
  const lengths = ends.map(({ length }) => length)
  const close = 0.06 * (Math.max(...lengths) - Math.min(...lengths))
  const merged: { step: number; length: number; from: Fifth; to: Fifth }[] = []
  for (const { step, length, fifth } of ends) {
    const last = merged.at(-1)
    if (last !== undefined && Math.abs(last.length - length) <= close) last.to = fifth
    else merged.push({ step, length, from: fifth, to: fifth })
  }
  return merged.map(({ from, to, ...end }) => ({ ...end, text: from === to ? String(from) : `${from}–${to}` }))
}

function lengthTable(arms: readonly ArmLengths[]): Html {
  return table({
    name: 'length-by-value',
    title: 'Expected response length (tokens) by fifth of value, before to after training, mean over seeds',
    header: ['arm', ...fifths.map(fifth => (fifth === 5 ? 'fifth 5 (most valued)' : `fifth ${fifth}`))],
    rows: arms.map(({ name, curve }) => ({
      cells: [
        name,
        ...fifths.map((_, place): Cell => {
          const [before, after] = [curve[0], curve.at(-1)].map(one => one?.byFifth[place]?.length ?? Number.NaN)
          if (before === undefined || after === undefined) return ''
          return { text: `${before.toFixed(2)} to ${after.toFixed(2)}`, numbers: { before, after } }
        }),
      ],
    })),
  })
}
