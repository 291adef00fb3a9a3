/**
 * Prints the value transmission of each arm of a run: as `rlev plan` foretells it, as the preflight foretells it from what the warm-started
 * policy answers to the test items (pass rates and lengths as they are), and as it was measured over all steps of training.
 * Usage, after the build:  node dist/scripts/transmission.js NAME [--home DIR]
 * The second needs `evaluation.samples` as large as `rollout.samples`: the answers to an item stand for a prompt's group.
 */
import { parseArgs } from 'node:util'
import { readReferences } from '../activities/clients/references.js'
import { runFolder } from '../activities/clients/run-folder.js'
import { experimentsOf, readItemOutcomes, readOutcome, readPlan } from '../activities/clients/runs.js'
import { Store } from '../activities/clients/store.js'
import { readValues } from '../activities/normalize-values.js'
import { readData } from '../activities/prepare-data.js'
import { openHome } from '../commands/services/home.js'
import { measuredTransmission } from '../pipelines/evaluation/measured-transmission.js'
import { aligned } from '../pipelines/evaluation/table.js'
import { answeredGroups, simulatedStep, simulateGroups } from '../pipelines/update/simulated-step.js'
import { type StepSignal, transmission, transmissionError } from '../pipelines/update/transmission.js'

const { positionals, values: options } = parseArgs({ allowPositionals: true, options: { home: { type: 'string' } } })
const [name] = positionals
if (name === undefined) throw new Error('usage: node dist/scripts/transmission.js NAME [--home DIR]')
const home = openHome(options.home).path
const store = new Store(home)

/** 0.812 ± 0.025: with its standard error. */
function shown(signals: readonly StepSignal[]): string {
  const found = transmission(signals)
  if (found === null) return '–'
  return `${found.transmission.toFixed(3)} ± ${(transmissionError(signals) ?? 0).toFixed(3)}`
}

/** Signals that the preflight foretells for one experiment, by what it assumes of the policy. */
function foretold({ id, config }: ReturnType<typeof experimentsOf>[number]): Record<'plan' | 'answers', StepSignal[]> {
  const refs = readReferences(runFolder(home, id))
  const [dataRef, valuesRef] = [refs.get('data'), refs.get('values')]
  const outcomes = readItemOutcomes(home, id, 0)
  if (dataRef === undefined || valuesRef === undefined || outcomes === null) return { plan: [], answers: [] }
  const { train, test } = readData(store, dataRef)
  const values = readValues(store, valuesRef).train
  const sections = new Map(test.map(item => [item.id, item.section]))
  const answered = outcomes.map(({ itemId, samples }) => ({ section: sections.get(itemId) ?? '', samples }))
  const of = (batches: ReturnType<typeof simulateGroups>) => [...simulatedStep({ values, batches, config }).signals]
  return { plan: of(simulateGroups(values, config)), answers: of(answeredGroups({ items: train, answered, config })) }
}

const plan = readPlan(home, name)
const rows = [...new Set(experimentsOf(plan).map(({ arm }) => arm))].flatMap(arm => {
  const runs = experimentsOf(plan).filter(experiment => experiment.arm === arm)
  const outcomes = runs.map(({ seed }) => readOutcome(home, name, plan.kind === 'sweep' ? arm : undefined, seed))
  const measured = measuredTransmission(outcomes)
  if (measured === null) return []
  const signals = runs.map(foretold)
  return [
    [
      arm,
      shown(signals[0]?.plan ?? []),
      shown(signals.flatMap(({ answers }) => answers)),
      `${measured.transmission.toFixed(3)} ± ${(measured.error ?? 0).toFixed(3)}`,
      measured.perSeed.map(one => one.transmission.toFixed(3)).join(' '),
      measured.cancelled ? 'cancelled' : '',
    ],
  ]
})
console.log(aligned([['', 'plan', 'from the base policy', 'measured in training', 'by seed', ''], ...rows]))
