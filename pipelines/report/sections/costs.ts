/** What each arm cost. */
import { type Costs, costsOf } from '../../comparison/costs.js'
import { type Html, table } from '../html.js'
import type { Material } from '../material.js'
import { numberCell } from '../tables/cells.js'
import { NONE } from '../tables/format.js'
import type { Cell } from '../tables/table.js'

/** Null where nothing was trained. */
export function costsSection({ done, marks }: Pick<Material, 'done' | 'marks'>): Html | null {
  const rows = marks.flatMap(({ name }) => {
    const costs = costsOf(done.filter(({ arm }) => arm === name))
    return costs === null ? [] : [{ cells: [name, ...cellsOf(costs)] }]
  })
  if (rows.length === 0) return null
  return table({
    name: 'costs',
    title: 'Mean cost of an experiment, without its warm start, which arms share',
    header: ['arm', 'experiments', 'steps', 'tokens sampled', 'rollout (s)', 'update (s)', 'tokens/s', 'wall (s)'],
    rows,
    note: 'The first experiment of a worker also pays for building the graphs; tokens/s is the median over the steps after the first. Wall time: from the first step to the last evaluation, waits included.',
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
}: Costs): Cell[] {
  const number = (value: number | null, digits: number) =>
    value === null ? NONE : numberCell(value.toFixed(digits), value)
  return [
    String(experiments),
    number(steps, 0),
    number(tokens, 0),
    number(rolloutSeconds, 1),
    number(updateSeconds, 1),
    number(tokensPerSecond, 0),
    number(wallSeconds, 1),
  ]
}
