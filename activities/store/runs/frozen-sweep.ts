/**
 * The plan that a sweep was started with, by its digest. It is parsed once in a process: every experiment of a sweep asks for its
 * config, and the plan of a large one takes a second to read.
 */
import { planDigest } from '../../../pipelines/config/digest.js'
import type { ExperimentConfig, SweepPlan } from '../../../pipelines/config/schema.js'
import { idInSweep, type SweepCell, startOrder } from '../../../pipelines/config/start-order.js'
import { RlevError } from '../../../pipelines/errors.js'
import { readPlan } from './runs.js'

/** A sweep as its workflow knows it. */
export interface SweepReference {
  name: string
  /** Of its plan (pipelines/config/plan-digest.ts). */
  digest: string
}

export interface FrozenSweep {
  plan: SweepPlan
  /** In the order in which they start. */
  cells: readonly SweepCell[]
  byId: ReadonlyMap<string, SweepCell>
}

/** The newest one that was asked for. Its digest pins its content, whatever becomes of the file. */
let known: { home: string; reference: SweepReference; sweep: FrozenSweep } | undefined

/** @throws RlevError NotFound without a plan, ConfigInvalid if the name stands for another one by now. */
export function frozenSweep(home: string, { name, digest }: SweepReference): FrozenSweep {
  if (known?.home === home && known.reference.name === name && known.reference.digest === digest) return known.sweep
  const plan = readPlan(home, name)
  const found = planDigest(plan)
  if (plan.kind !== 'sweep' || found !== digest) throw otherPlan({ name, expected: digest, found })
  const cells = startOrder(plan)
  const sweep = { plan, cells, byId: new Map(cells.map(cell => [idInSweep(name, cell), cell])) }
  known = { home, reference: { name, digest }, sweep }
  return sweep
}

/** @throws RlevError NotFound where the plan has no such experiment. */
export function configInSweep(home: string, reference: SweepReference, id: string): ExperimentConfig {
  const cell = frozenSweep(home, reference).byId.get(id)
  if (cell !== undefined) return cell.config
  throw new RlevError({ kind: 'NotFound', message: 'the plan of the sweep has no such experiment', place: id })
}

function otherPlan({ name, expected, found }: { name: string; expected: string; found: string }): RlevError {
  return new RlevError({
    kind: 'ConfigInvalid',
    message: 'the home has another plan under this name than the sweep was started with',
    place: name,
    expected: `plan ${expected.slice(0, 12)}`,
    found: `plan ${found.slice(0, 12)}`,
    remedy: `\`rlev cancel ${name}\`, then \`rlev resume ${name}\` starts it with the plan of the home`,
  })
}
