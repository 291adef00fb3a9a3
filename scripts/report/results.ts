/** What a report's figures are made of, in one file: the plan, and of the outcomes what figures read. Nothing is rounded. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { compareArms } from '../../pipelines/comparison/compare-arms.js'
import type { ExperimentOutcome } from '../../pipelines/comparison/outcome.js'
import type { Plan } from '../../pipelines/config/schema.js'
import type { ItemResults } from '../../pipelines/evaluation/item-results.js'
import { svgFile } from '../../pipelines/report/figures/svg-file.js'
import type { Page } from '../../pipelines/report/page.js'
import { renderReport } from '../../pipelines/report/render.js'

interface Kept {
  plan: Plan
  /** Each set of test items once. */
  items: ItemResults['items'][]
  outcomes: (Omit<ExperimentOutcome, 'config' | 'items' | 'predictedTransmission'> & {
    /** The place of its test items in the list. */
    items?: Omit<ItemResults, 'items'> & { of: number }
  })[]
}

/** Of training's metrics. */
const read = ['reward/mean', 'verdict/correct', 'length/mean', 'perf/rollout_seconds', 'perf/update_seconds']

export interface Results {
  plan: Plan
  outcomes: readonly ExperimentOutcome[]
}

/** gzip of JSON. */
export function keepResults({ plan, outcomes }: Results): Buffer {
  const items: ItemResults['items'][] = []
  const kept = outcomes.map(
    ({
      config: _config,
      predictedTransmission: _predicted,
      items: results,
      metrics,
      evaluations,
      ...rest
    }): Kept['outcomes'][number] => {
      const less = {
        ...rest,
        metrics: metrics.map(({ values, ...step }) => ({
          ...step,
          values: Object.fromEntries(Object.entries(values).filter(([key]) => read.includes(key))),
        })),
        // Sample responses are shown of the last evaluation alone.
        evaluations: evaluations.map((one, index) =>
          index < evaluations.length - 1 ? { ...one, responses: [] } : one,
        ),
      }
      if (results === undefined) return less
      const { items: theirs, ...scores } = results
      const there = items.findIndex(known => JSON.stringify(known) === JSON.stringify(theirs))
      if (there === -1) items.push(theirs)
      return { ...less, items: { ...scores, of: there === -1 ? items.length - 1 : there } }
    },
  )
  const file: Kept = { plan, items, outcomes: kept }
  return gzipSync(JSON.stringify(file), { level: 9 })
}

export function readResults(bytes: Uint8Array): Results {
  const { plan, items, outcomes } = JSON.parse(gunzipSync(bytes).toString('utf8')) as Kept
  const configs = new Map((plan.kind === 'sweep' ? plan.arms : [plan]).map(({ name, config }) => [name, config]))
  return {
    plan,
    outcomes: outcomes.map(({ items: results, ...rest }): ExperimentOutcome => {
      const config = configs.get(rest.arm)
      if (config === undefined) throw new Error(`the plan has no arm ${rest.arm}`)
      const outcome = { ...rest, config: { ...config, seed: rest.seed } }
      if (results === undefined) return outcome
      const { of, ...scores } = results
      return { ...outcome, items: { ...scores, items: items[of] ?? [] } }
    }),
  }
}

/** The page without versions and links, which are of a machine. */
export function pageOf({ plan, outcomes }: Results): Page {
  return renderReport({ plan, outcomes, comparison: compareArms({ plan, outcomes }), versions: {}, links: {} })
}

/** Name and whole SVG of each figure. */
export function figuresOf(bytes: Uint8Array): [name: string, svg: string][] {
  return pageOf(readResults(bytes)).figures.map(drawing => [drawing.name, svgFile(drawing)])
}
