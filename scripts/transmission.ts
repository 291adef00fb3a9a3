/**
 * Prints the value transmission of each arm of a run: as `rlev plan` foretells it; as the preflight foretells it from what the policy answers
 * to the test items (pass rates and lengths as they are), before training and over the evaluations of training; and as it was measured
 * over all steps. A baseline that is common to a batch makes it depend on what the policy can do, which changes while it learns.
 * Usage, after the build:  node dist/scripts/transmission.js NAME [--home DIR]
 * From answers needs `evaluation.samples` as large as `rollout.samples`: the answers to an item stand for a prompt's group.
 */
import { parseArgs } from 'node:util'
import { readReferences } from '../activities/clients/references.js'
import { runFolder } from '../activities/clients/run-folder.js'
import { experimentsOf, readEvaluations, readItemOutcomes, readOutcome, readPlan } from '../activities/clients/runs.js'
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
function foretold({
  id,
  config,
}: ReturnType<typeof experimentsOf>[number]): Record<'plan' | 'before' | 'during', StepSignal[]> {
  const refs = readReferences(runFolder(home, id))
  const [dataRef, valuesRef] = [refs.get('data'), refs.get('values')]
  if (dataRef === undefined || valuesRef === undefined) return { plan: [], before: [], during: [] }
  const { train, test } = readData(store, dataRef)
  const values = readValues(store, valuesRef).train
  const sections = new Map(test.map(item => [item.id, item.section]))
  const of = (batches: ReturnType<typeof simulateGroups>) => [...simulatedStep({ values, batches, config }).signals]
  const answersAt = (step: number) => {
    const outcomes = readItemOutcomes(home, id, step) ?? []
    const answered = outcomes.map(({ itemId, samples }) => ({ section: sections.get(itemId) ?? '', samples }))
    return of(answeredGroups({ items: train, answered, config }))
  }
  const steps = readEvaluations(home, id).map(({ evaluation }) => evaluation.step)
  const signals = steps.map(answersAt)
  // Half the steps of the interval on either side: the first and the last evaluation stand for fewer.
  const during = signals.flatMap((own, index) => {
    const around = (steps[index + 1] ?? steps.at(-1) ?? 0) - (steps[index - 1] ?? steps[0] ?? 0)
    return own.slice(0, Math.round((own.length * around) / (2 * Math.max(...intervals(steps)))))
  })
  return { plan: of(simulateGroups(values, config)), before: signals[0] ?? [], during }
}

function intervals(steps: readonly number[]): number[] {
  return steps.slice(1).map((step, index) => step - (steps[index] ?? 0))
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
      shown(signals.flatMap(({ before }) => before)),
      shown(signals.flatMap(({ during }) => during)),
      `${measured.transmission.toFixed(3)} ± ${(measured.error ?? 0).toFixed(3)}`,
      measured.perSeed.map(one => one.transmission.toFixed(3)).join(' '),
      measured.cancelled ? 'cancelled' : '',
    ],
  ]
})
console.log(aligned([['', 'plan', 'answers before', 'answers during', 'measured in training', 'by seed', ''], ...rows]))
