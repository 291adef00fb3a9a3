/** The states of a stage that trains supervised: kept as the config says, and taken up on the engine that computed them only. */
import { log } from '@temporalio/activity'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { KeptStates } from '../store/kept-states.js'
import type { Workplace } from '../workplace.js'
import { engineName } from './engine-name.js'

/** `from`: inputs of the output that the stage makes. */
export function supervisedStates({
  workplace: { home },
  run,
  config,
  kind,
  from,
}: {
  workplace: Workplace
  run: string
  config: ExperimentConfig
  kind: 'warm-start-state' | 'predictor-state'
  from: object
}): KeptStates {
  // Not in the configs of older runs.
  const { supervisedSeconds: everySeconds = 300 } = config.checkpoint
  return new KeptStates({
    ...{ home, kind, everySeconds },
    // All of an output has the bits of one engine.
    from: { ...from, computedOn: engineName(config) },
    onFound: step => log.info('supervised training goes on from a state', { run, kind, step }),
  })
}
