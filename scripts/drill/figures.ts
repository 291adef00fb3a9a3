/**
 * The figures of durability: goodput against the mean time between kills, what a recovery takes, and what durability costs where
 * nothing fails. Requirements: 95 of 100 recoveries within 15 seconds, and under a tenth of a step of one second.
 */

import { percentWithSign } from '../../pipelines/text/percent.js'
import type { DrillOptions } from './drill.js'
import { DrillHome } from './drill-home.js'
import { type Goodput, goodputPlan, lengthOf, measureGoodput, type Recovery } from './figures/goodput.js'
import { measureOverhead, type Overhead } from './figures/overhead.js'
import { dearestOf, overheadFigures } from './figures/overhead-shown.js'
import { goodputFigures, goodputLine, percentile, recoveryFigures } from './figures/shown.js'
import type { DrillResult } from './result.js'

/** Seconds between kills, and steps that take long enough to meet a few. */
const rows = [
  { meanTime: null, steps: 200 },
  { meanTime: 120, steps: 600 },
  { meanTime: 60, steps: 400 },
  { meanTime: 30, steps: 300 },
  { meanTime: 10, steps: 150 },
] as const
/** Seconds. */
const longestRecovery = 15
/** Of a step of one second. */
const mostOverhead = 0.1

export async function run({ seed, short, say }: DrillOptions): Promise<DrillResult> {
  const began = performance.now()
  const home = await DrillHome.open({ policyWorkers: 1 })
  try {
    const measured: Goodput[] = []
    for (const { meanTime, steps } of rows) {
      const plan = goodputPlan({ name: `goodput-${meanTime ?? 'none'}`, seed, steps: short ? 20 : steps })
      const row = await measureGoodput({ home, plan, meanTime, seed, limit: short ? 300 : 3000 })
      measured.push(row)
      say(goodputLine(row))
    }
    const whole = measured.flatMap(({ recoveries }) => recoveries.filter(recovery => recovery.whole))
    say(`${whole.length} whole recoveries`)
    const overhead = await measureOverhead({
      home,
      seed,
      steps: short ? 5 : 40,
      rounds: short ? 1 : 5,
      of: ['1 in an activity', '20 in an activity'],
      say,
    })
    return resultOf({ rows: measured, whole, overhead, seconds: (performance.now() - began) / 1000 })
  } finally {
    await home.close()
  }
}

function resultOf(parts: { rows: Goodput[]; whole: Recovery[]; overhead: Overhead; seconds: number }): DrillResult {
  const { rows, whole, overhead, seconds } = parts
  const lengths = whole.map(lengthOf)
  const p95 = percentile(lengths, 0.95)
  const dearest = dearestOf(overhead)
  const failures = [
    ...(p95 < longestRecovery ? [] : [`p95 of the recoveries is ${p95.toFixed(1)} s, not under ${longestRecovery} s`]),
    ...(dearest < mostOverhead
      ? []
      : [`durability costs ${percentWithSign(dearest)} of a step, not under ${percentWithSign(mostOverhead)}`]),
    ...(overhead.sameWeights ? [] : ['trained directly, the weights are others']),
  ]
  return {
    name: 'figures',
    passed: failures.length === 0,
    cases: rows.length + whole.length + overhead.direct.length,
    failures,
    figures: {
      ...Object.assign({}, ...rows.map(goodputFigures)),
      ...recoveryFigures(whole),
      ...overheadFigures(overhead),
      'elapsed s': seconds,
    },
  }
}
