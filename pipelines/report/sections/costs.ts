/** What each arm cost. */
import { type Costs, costsOf } from '../../comparison/costs.js'
import { type Html, table } from '../html.js'
import type { Material } from '../material.js'
import { NONE } from '../tables/format.js'

/** Null where nothing was trained. */
export function costsSection({ done, marks }: Pick<Material, 'done' | 'marks'>): Html | null {
  const rows = marks.flatMap(({ name }) => {
    const costs = costsOf(done.filter(({ arm }) => arm === name))
    return costs === null ? [] : [{ cells: [name, ...cellsOf(costs)] }]
  })
  if (rows.length === 0) return null
  return table({
    name: 'costs',
    title:
      'Mean cost of an experiment, without its warm start, which arms share. The first experiment of a worker also pays for building the graphs; tokens/s is the median over the steps after the first. Wall time: from the first step to the last evaluation, waits included',
    header: ['arm', 'experiments', 'steps', 'tokens sampled', 'rollout (s)', 'update (s)', 'tokens/s', 'wall (s)'],
    rows,
  })
}

function cellsOf({
  experiments,
  steps,
  tokens,
  rolloutSeconds,
  updateSeconds,
  tokensPerSecond,
  wallSeconds,
}: Costs): string[] {
  return [
    String(experiments),
    steps.toFixed(0),
    tokens.toFixed(0),
    rolloutSeconds.toFixed(1),
    updateSeconds.toFixed(1),
    tokensPerSecond === null ? NONE : tokensPerSecond.toFixed(0),
    wallSeconds === null ? NONE : wallSeconds.toFixed(1),
  ]
}
