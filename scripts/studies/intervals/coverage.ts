/** How often each interval contains the truth, over simulated studies. */

import { estimate, type Interval, intervalOf } from '../../../pipelines/statistics/estimate.js'
import { scoreOfPair } from '../../../pipelines/statistics/item-scores.js'
import { pairedDifference } from '../../../pipelines/statistics/paired-difference.js'
import { twoWayEstimate } from '../../../pipelines/statistics/seeds-and-items.js'
import { bootstrapInterval, meanAt } from '../bootstrap.js'
import { hierarchicalBootstrap } from '../hierarchical-bootstrap.js'
import { studentizedInterval } from '../studentized.js'
import { itemStudy, pairedStudy, type Shape } from './studies.js'

/** By kind of interval: the share of studies whose interval contains the truth, and its mean width. */
export type Coverage = Record<string, { covered: number; width: number }>

type Intervals = Record<string, Interval | null | undefined>

export interface CoverageSettings {
  shape: Shape
  seeds: number
  studies: number
  /** 0 for no bootstrap. */
  replicates: number
}

/** Over seeds alone. `student` is what rlev reports. */
export function coverageOverSeeds({ shape, seeds, studies, replicates }: CoverageSettings): Coverage {
  const truth = 0.7
  return counted(studies, study => {
    const differences = pairedStudy({ shape, seeds, study, truth })
    const zeros = differences.map(() => 0)
    const student = intervalOf(pairedDifference(differences, zeros))
    if (replicates === 0) return { truth, intervals: { student } }
    const found = bootstrapInterval({ units: seeds, statistic: meanAt(differences), seed: study, replicates })
    const studentized = studentizedInterval(differences, { seed: study, replicates })
    return { truth, intervals: { student, ...found, studentized } }
  })
}

/** Over seeds and items. `seedsAlone` is about the given items only, for comparison. */
export function coverageOverItems({ shape, seeds, studies, replicates }: CoverageSettings): Coverage {
  return counted(studies, study => {
    const { scores, reference, test, truth } = itemStudy({ shape, seeds, study })
    const seedsAlone = intervalOf(estimate(scores.map((_, place) => scoreOfPair({ scores, reference, test }, place))))
    const twoWay = twoWayEstimate({ scores, reference, test })?.interval
    if (replicates === 0) return { truth, intervals: { seedsAlone, twoWay } }
    const input = { scores, reference, test, seed: study, replicates }
    const shared = hierarchicalBootstrap(input)
    const own = hierarchicalBootstrap({ ...input, items: 'own' })
    return {
      truth,
      intervals: {
        seedsAlone,
        twoWay,
        shared: shared?.biasCorrected,
        calibrated: shared?.calibrated,
        own: own?.biasCorrected,
      },
    }
  })
}

function counted(studies: number, of: (study: number) => { truth: number; intervals: Intervals }): Coverage {
  const found: Coverage = {}
  for (let study = 0; study < studies; study++) {
    const { truth, intervals } = of(study)
    for (const [kind, interval] of Object.entries(intervals)) {
      if (interval == null) throw new Error(`${kind} has no interval in study ${study}`)
      const own = found[kind] ?? { covered: 0, width: 0 }
      found[kind] = own
      if (interval.low <= truth && truth <= interval.high) own.covered += 1 / studies
      own.width += (interval.high - interval.low) / studies
    }
  }
  return found
}
