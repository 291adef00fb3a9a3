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
      'Mean cost of an experiment; warm starts are shared and not in it. Wall time: from the first step to the last evaluation, with whatever was waited for',
    header: ['arm', 'experiments', 'steps', 'tokens sampled', 'rollout (s)', 'update (s)', 'tokens/s', 'wall (s)'],
    rows,
  })
}

function cellsOf({ experiments, steps, tokens, rolloutSeconds, updateSeconds, wallSeconds }: Costs): string[] {
  const busy = rolloutSeconds + updateSeconds
  return [
    String(experiments),
    steps.toFixed(0),
    tokens.toFixed(0),
    rolloutSeconds.toFixed(1),
    updateSeconds.toFixed(1),
    busy > 0 ? (tokens / busy).toFixed(0) : NONE,
    wallSeconds === null ? NONE : wallSeconds.toFixed(1),
  ]
}
