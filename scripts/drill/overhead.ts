/**
 * Drill 11: overhead. One policy, whose step takes most of a second, is trained as a run with one step an activity, with and without
 * separate stages, and called directly, in turn, and nothing fails. The figures say what a step of the run costs more, and where the time goes.
 */
import { percentWithSign } from '../../pipelines/text/percent.js'
import type { DrillOptions } from './drill.js'
import { DrillHome } from './drill-home.js'
import { measureOverhead } from './figures/overhead.js'
import { costOf, overheadFigures, partFigures } from './figures/overhead-shown.js'
import type { DrillResult } from './result.js'

const measured = ['1 in an activity', 'separate stages'] as const
/** Of a step. */
const mostOverhead = 0.05

export async function run({ seed, short, say }: DrillOptions): Promise<DrillResult> {
  const began = performance.now()
  const home = await DrillHome.open({ policyWorkers: 1 })
  try {
    const overhead = await measureOverhead({
      home,
      seed,
      steps: short ? 10 : 41,
      rounds: short ? 1 : 3,
      of: measured,
      say,
    })
    const cost = costOf(overhead, '1 in an activity')
    const failures = [
      // A few steps beside whatever else runs say nothing about the cost.
      ...(short || cost < mostOverhead
        ? []
        : [`durability costs ${percentWithSign(cost)} of a step, not under ${percentWithSign(mostOverhead)}`]),
      ...(overhead.sameWeights ? [] : ['trained directly, the weights are others']),
    ]
    return {
      name: 'overhead',
      passed: failures.length === 0,
      cases: overhead.direct.length,
      failures,
      figures: {
        ...overheadFigures(overhead),
        ...Object.assign({}, ...measured.map(cut => partFigures(overhead, cut))),
        'elapsed s': (performance.now() - began) / 1000,
      },
    }
  } finally {
    await home.close()
  }
}
