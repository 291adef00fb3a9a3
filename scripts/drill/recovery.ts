/**
 * Drill 10: recovery. The only policy worker is killed once a minute for ten minutes, and started again at once, as `rlev up` does. The
 * heartbeat timeout is the default one, half a minute: if it were waited for, goodput and the time of a recovery would say so.
 */
import type { DrillOptions } from './drill.js'
import { DrillHome } from './drill-home.js'
import { goodputPlan, lengthOf, measureGoodput } from './figures/goodput.js'
import { goodputFigures, goodputLine, goodputOf, percentile, recoveryFigures } from './figures/shown.js'
import type { DrillResult } from './result.js'

/** There is one kill in each span of this length, at any moment of it. (s) */
const meanTime = 60
/** Steps of a quarter to half a second. */
const steps = { long: 2200, short: 400 }
/** Percent. */
const leastGoodput = 90
/** Of 95 in 100 recoveries. (s) */
const longestRecovery = 8

export async function run({ seed, short, say }: DrillOptions): Promise<DrillResult> {
  const home = await DrillHome.open({ policyWorkers: 1 })
  try {
    const plan = goodputPlan({ name: 'recovery', seed, steps: short ? steps.short : steps.long })
    // A short one cannot wait for a minute.
    const row = await measureGoodput({ home, plan, meanTime: short ? 15 : meanTime, evenly: true, seed, limit: 3000 })
    say(goodputLine(row))
    const whole = row.recoveries.filter(recovery => recovery.whole)
    const p95 = percentile(whole.map(lengthOf), 0.95)
    const failures = [
      ...(whole.length > 0 ? [] : ['no recovery was measured: the run ended before a kill']),
      ...(short || goodputOf(row) >= leastGoodput
        ? []
        : [`goodput is ${goodputOf(row).toFixed(1)}%, not ${leastGoodput}%`]),
      ...(whole.length === 0 || p95 < longestRecovery
        ? []
        : [`p95 of the recoveries is ${p95.toFixed(1)} s, not under ${longestRecovery} s`]),
    ]
    return {
      name: 'recovery',
      passed: failures.length === 0,
      cases: whole.length,
      failures,
      figures: { ...goodputFigures(row), ...recoveryFigures(whole) },
    }
  } finally {
    await home.close()
  }
}
