/** The candidates of the bench, their commands, and what each measures. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { projectFolder } from '../../../commands/services/project.js'
import { type EngineName, engineNames, threadsFor } from '../engine.js'
import type { Precision } from '../limit.js'
import type { BenchOptions } from '../options.js'
import type { Size } from '../sizes.js'
import type { Command, Measure, Settings } from './protocol.js'

export type PeerName = 'PyTorch' | 'TRL' | 'PyTorch bfloat16' | 'TRL bfloat16'
/** `TensorFlow` measures what the machine reaches, for rlev. */
export type CandidateName = `rlev ${EngineName}` | 'TensorFlow' | PeerName

export interface CandidateDescription extends Command {
  name: CandidateName
  measures: readonly Measure[]
  /** Given when it is opened. */
  settings: Settings
}

export const precisionOf = (name: CandidateName): Precision => (name.endsWith('bfloat16') ? 'bfloat16' : 'float32')

/** In the order of their turns. */
export function candidatesFor(options: BenchOptions, size: Size): CandidateDescription[] {
  const { peer, only } = options
  const engines = options.engines ?? engineNames.filter(name => name !== 'eager' || !size.alone)
  const own = engines.map(engine => engineCandidate({ engine, options, size }))
  const machine: CandidateDescription = {
    ...node('peaks-candidate.js'),
    name: 'TensorFlow',
    measures: only.filter(measure => measure === 'peak'),
    settings: {},
  }
  const peers = peer === null || !size.peers ? [] : peersOf(peer, options)
  return [...own, machine, ...peers].filter(({ measures }) => measures.length > 0)
}

/**
 * As in the workers of `up`: of a small policy, lanes run in parallel, with one thread for each product; a large one
 * has one lane and all threads.
 */
function engineCandidate({
  engine,
  options: { only, lanes },
  size,
}: {
  engine: EngineName
  options: BenchOptions
  size: Size
}): CandidateDescription {
  const chosen = lanes ?? (size.alone ? 1 : availableParallelism())
  return {
    ...node('rlev.js', engine, String(chosen)),
    name: `rlev ${engine}`,
    ...(engine === 'eager' ? {} : { environment: threadsFor(chosen) }),
    measures: only.filter(measure => measure !== 'peak'),
    settings: {},
  }
}

/** Command of a candidate in this folder. */
export const node = (script: string, ...rest: string[]) => ({
  file: process.execPath,
  arguments: [fileURLToPath(new URL(script, import.meta.url)), ...rest],
})

function peersOf(python: string, { only, peerPrecisions }: BenchOptions): CandidateDescription[] {
  const script = (name: string) => `${projectFolder}/scripts/peers/${name}`
  const common = { file: python, environment: { HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' } }
  return peerPrecisions.flatMap((precision): CandidateDescription[] => {
    const narrow = precision === 'bfloat16'
    const settings: Settings = narrow ? { matrices: precision } : {}
    return [
      {
        ...common,
        name: narrow ? 'PyTorch bfloat16' : 'PyTorch',
        arguments: [script('torch_policy.py')],
        measures: only.filter(measure => measure !== 'step' && !(narrow && measure === 'peak')),
        settings,
      },
      {
        ...common,
        name: narrow ? 'TRL bfloat16' : 'TRL',
        arguments: [script('trl_step.py')],
        measures: only.filter(measure => measure === 'step'),
        settings,
      },
    ]
  })
}
