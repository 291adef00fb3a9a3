/** What options of the update do to the value transmission that the preflight predicts, which is that of the advantages. */
import type { ExperimentConfig } from '../config/schema.js'
import { given } from '../given.js'
import { isAdaptive, isScheduled, plannedKlCoefficient } from './kl-schedule.js'
import type { PreflightFinding } from './planned-arm.js'

interface Arm {
  name: string
  config: ExperimentConfig
}

interface Note {
  sentence: string
  numbers: Readonly<Record<string, number>>
}

/** For arms whose advantages carry values. What several arms share is said once. */
export function optionFindings(arms: readonly Arm[]): PreflightFinding[] {
  const shared = new Map<string, Note & { names: string[] }>()
  for (const { name, config } of arms) {
    for (const note of notesOf(config)) {
      const there = shared.get(note.sentence)
      if (there === undefined) shared.set(note.sentence, { ...note, names: [name] })
      else there.names.push(name)
    }
  }
  return [...shared.values()].map(({ sentence, numbers, names }) => ({
    severity: 'note',
    ...given({ arm: names.length === 1 ? names[0] : undefined }),
    sentence: `${names.join(', ')}: ${sentence}`,
    numbers,
  }))
}

function notesOf(config: ExperimentConfig): Note[] {
  const { ppo, importanceCap, entropyCoefficient } = config.update
  const notes: Note[] = []
  if (ppo !== undefined && ppo !== null && ppo.minibatches * ppo.epochs > 1) {
    const updates = ppo.minibatches * ppo.epochs
    notes.push({
      sentence: `the transmission is that of the advantages, before clipping. Of the ${updates} updates a step the first has it whole; how much clipping takes from valued prompts later is not predicted, and is measured as value/clipped_top and value/clipped_bottom.`,
      numbers: { updates },
    })
  }
  if (importanceCap !== undefined && importanceCap !== null) {
    notes.push({
      sentence:
        'the transmission is that of the advantages, before importance weights. They are 1 where sampling and training agree; how far they do not is not predicted, and is measured as policy/importance_mean.',
      numbers: { importanceCap },
    })
  }
  if (entropyCoefficient !== undefined && entropyCoefficient !== null) {
    notes.push({
      sentence:
        'the transmission is that of the advantages. The entropy in the loss pushes every response, whatever its advantage is; what the two together come to is not predicted.',
      numbers: { entropyCoefficient },
    })
  }
  if (config.kl.place === 'reward' && isScheduled(config)) {
    const coefficient = plannedKlCoefficient(config)
    notes.push({
      sentence: isAdaptive(config)
        ? `the transmission is predicted with the first coefficient of the divergence, ${coefficient}; the later ones follow from what is measured, and are not predicted.`
        : `the transmission is predicted with the mean coefficient of the divergence over the run, ${coefficient.toPrecision(3)}; that of a single step is not predicted.`,
      numbers: { coefficient },
    })
  }
  return notes
}
