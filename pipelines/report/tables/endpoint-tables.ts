/** Tables of the endpoint: each arm with its difference to the baseline, each seed, and what may be claimed. */
import type { ArmComparison, Comparison } from '../../comparison/comparison.js'
import { minRunsForInterval } from '../../statistics/estimate.js'
import { pCell, percentCell, pointsCell, pointsIntervalCell, shareCell, signedCell, withIntervalCell } from './cells.js'
import { kindOf, NONE, nameOf } from './format.js'
import type { Row, Table } from './table.js'

export function endpointTable({ endpointName, endpointNamed, baseline, arms }: Comparison): Table {
  const name = 'endpoint'
  const title = `${endpointNamed ? 'Endpoint, named before the run: ' : 'Endpoint: '}${endpointName} (%)`
  const level = ({ figures }: ArmComparison) => percentCell(figures?.endpoint)
  if (baseline === null) {
    return { name, title, header: ['', 'value'], rows: arms.map(arm => ({ cells: [arm.arm, level(arm)] })) }
  }
  const overItems = arms.some(
    ({ endpointDifference: one }) => one?.seedsAndItems != null && one.n >= minRunsForInterval,
  )
  return {
    name,
    title,
    header: [
      'arm',
      'seeds',
      'mean',
      `minus ${baseline} (points)`,
      ...(overItems ? ['over seeds and items'] : []),
      'p',
      'p (Holm)',
    ],
    rows: arms.map(arm => {
      const difference = arm.endpointDifference
      return {
        kind: kindOf(arm),
        cells: [
          nameOf(arm),
          String(arm.seeds.length),
          level(arm),
          pointsCell(difference),
          ...(overItems ? [pointsIntervalCell(difference?.seedsAndItems, difference?.n ?? 0)] : []),
          pCell(difference?.p),
          pCell(difference?.pHolm),
        ],
      }
    }),
  }
}

/** Null with a single seed, which the table of the endpoint shows. */
export function seedsTable({ endpointName, arms }: Comparison): Table | null {
  const seeds = [...new Set(arms.flatMap(arm => arm.seeds))].sort((a, b) => a - b)
  if (seeds.length < 2) return null
  return {
    name: 'endpoint-seeds',
    title: `The same, seed by seed: ${endpointName} (%)`,
    header: ['arm', ...seeds.map(seed => `seed ${seed}`)],
    rows: arms.map(arm => ({
      kind: kindOf(arm),
      cells: [nameOf(arm), ...seeds.map(seed => shareCell(arm.perSeed.find(one => one.seed === seed)?.endpoint))],
    })),
  }
}

/** What the columns of the claims are. */
export const ABOUT_CLAIMS =
  'd is the mean difference over its standard deviation across seeds. g is d without the bias of few seeds. Detectable: the true difference that this number of seeds finds four times in five, at p 0.05 without correction.'

/** Null with a single experiment, and while no arm has a seed in common with its baseline: there is nothing to claim. */
export function claimsTable({ arms, baseline }: Comparison): Table | null {
  const rows = arms.flatMap(({ arm, endpointDifference }): Row[] => {
    const verdict = endpointDifference?.verdict ?? null
    if (endpointDifference === null || verdict === null) return []
    const { n, effect, detectable, pSignFlip } = endpointDifference
    const few = n < minRunsForInterval
    const cells = [
      arm,
      effect === null || few ? NONE : withIntervalCell(effect.d, effect.interval),
      signedCell(effect?.g, 2),
      pCell(pSignFlip),
      few ? NONE : shareCell(detectable),
      verdict,
    ]
    return [{ cells }]
  })
  if (rows.length === 0) return null
  return {
    name: 'claims',
    title: `Claim, for each arm: its endpoint gains on ${baseline}`,
    header: ['arm', 'effect d (95% interval)', 'g', 'p (sign flips)', 'detectable (points)', 'verdict'],
    rows,
  }
}
