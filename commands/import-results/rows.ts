/** The rows of files of responses, each assigned to an arm, a seed and a step of a plan. */
import { basename } from 'node:path'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { evaluationSteps } from '../../pipelines/config/due-steps.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { BadField, isFields, kindOf } from '../../pipelines/data/files/fields.js'
import { rowsOf } from '../../pipelines/data/files/rows.js'
import { RlevError } from '../../pipelines/errors.js'
import type { PlacedRow } from '../../pipelines/evaluation/imported/imported-answers.js'
import { type ImportedRow, importedRow } from '../../pipelines/evaluation/imported/imported-row.js'
import { shortened } from '../../pipelines/printable.js'
import { nearestName } from '../../pipelines/text/nearest-name.js'

/** What the call says of rows that do not say it themselves. */
export interface RowDefaults {
  arm?: string | undefined
  seed?: number | undefined
  step?: number | undefined
}

/** Rows of one evaluation: of an experiment at a step. */
export interface RowSet {
  id: string
  arm: string
  seed: number
  config: ExperimentConfig
  step: number
  rows: PlacedRow[]
  files: Set<string>
}

/** Bad rows listed in an error. */
const maxListed = 20

/** In the order of the plan and of the steps. @throws RlevError DataInvalid that names every bad row, up to a limit. */
export async function rowSets(files: readonly string[], plan: Plan, defaults: RowDefaults): Promise<RowSet[]> {
  const assigning = new Assigning(plan, defaults)
  const bad: string[] = []
  let total = 0
  for (const path of files) {
    for await (const { row, content } of rowsOf(path, { columns: columnNames })) {
      total++
      const place = `${basename(path)} row ${row}`
      try {
        if ('problem' in content) throw new BadField(content.problem)
        if (!isFields(content.value)) throw new BadField(`the row is ${kindOf(content.value)}, an object is expected`)
        assigning.add(importedRow(content.value), { place, file: basename(path) })
      } catch (error) {
        if (!(error instanceof BadField)) throw error
        bad.push(`${place}: ${shortened(error.message, 300)}`)
      }
    }
  }
  if (total === 0) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the files have no rows',
      place: files.join(', '),
      expected: 'a row for each item of the test set',
      remedy: '`rlev import-results --help` shows one',
    })
  }
  if (bad.length === 0) return assigning.sets()
  const more = bad.length > maxListed ? [`and ${bad.length - maxListed} more`] : []
  throw new RlevError({
    kind: 'DataInvalid',
    message: `${bad.length} of ${total} rows cannot be imported`,
    place: files.join(', '),
    expected:
      'in every row an id and a response or responses; arm, seed and step of the config, in the row or by option',
    found: [...bad.slice(0, maxListed), ...more].join('\n            '),
    remedy: 'correct the rows; nothing was imported',
  })
}

const columnNames = ['id', 'arm', 'seed', 'step', 'response', 'length', 'finish']

class Assigning {
  readonly #defaults: RowDefaults
  readonly #experiments: ReturnType<typeof experimentsOf>
  readonly #arms: readonly string[]
  readonly #seeds: readonly number[]
  readonly #sets = new Map<string, RowSet>()

  constructor(plan: Plan, defaults: RowDefaults) {
    this.#defaults = defaults
    this.#experiments = experimentsOf(plan)
    this.#arms = [...new Set(this.#experiments.map(({ arm }) => arm))]
    this.#seeds = [...new Set(this.#experiments.map(({ seed }) => seed))]
  }

  /** Throws BadField. */
  add(row: ImportedRow, { place, file }: { place: string; file: string }): void {
    const arm = this.#one('arm', row.arm, this.#defaults.arm, this.#arms)
    const seed = this.#one('seed', row.seed, this.#defaults.seed, this.#seeds)
    for (const [index, experiment] of this.#experiments.entries()) {
      if ((arm !== undefined && arm !== experiment.arm) || (seed !== undefined && seed !== experiment.seed)) continue
      const step = this.#stepOf(row, experiment.config)
      if (step > 0 && (arm === undefined || seed === undefined)) {
        const lacks = arm === undefined ? `arm (${this.#arms.join(', ')})` : `seed (${this.#seeds.join(', ')})`
        throw new BadField(
          `no ${lacks}; only the evaluation before training, step 0, can be one of several experiments`,
        )
      }
      const key = `${String(index).padStart(9, '0')} ${String(step).padStart(16, '0')}`
      const set = this.#sets.get(key) ?? { ...experiment, step, rows: [], files: new Set() }
      set.rows.push({ row, place })
      set.files.add(file)
      this.#sets.set(key, set)
    }
  }

  sets(): RowSet[] {
    return [...this.#sets.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, set]) => set)
  }

  /** Of the row, else of the call, else the only one there is; undefined if there are several. */
  #one<Value extends string | number>(
    what: 'arm' | 'seed',
    ofRow: Value | undefined,
    ofCall: Value | undefined,
    known: readonly Value[],
  ): Value | undefined {
    if (ofRow !== undefined && ofCall !== undefined && ofRow !== ofCall) {
      throw new BadField(`the ${what} is ${ofRow}, and --${what} says ${ofCall}`)
    }
    const said = ofRow ?? ofCall
    if (said === undefined) return known.length === 1 ? known[0] : undefined
    if (known.includes(said)) return said
    const meant = typeof said === 'string' ? nearestName(said, known as readonly string[]) : undefined
    const hint = what === 'seed' ? "; --set 'sweep.seeds=[...]' names others" : meant ? `; did you mean ${meant}?` : ''
    throw new BadField(`the config has no ${what} ${said}, its ${what}s are ${known.join(', ')}${hint}`)
  }

  #stepOf({ step: ofRow }: ImportedRow, config: ExperimentConfig): number {
    const ofCall = this.#defaults.step
    if (ofRow !== undefined && ofCall !== undefined && ofRow !== ofCall) {
      throw new BadField(`the step is ${ofRow}, and --step says ${ofCall}`)
    }
    const step = ofRow ?? ofCall ?? config.steps
    const due = evaluationSteps(config)
    if (due.includes(step)) return step
    const shown = due.length > 8 ? [...due.slice(0, 4), '...', ...due.slice(-2)] : due
    throw new BadField(
      `the config has no evaluation at step ${step}, but at ${shown.join(', ')}; --set steps=N --set evaluation.every=K make others`,
    )
  }
}
