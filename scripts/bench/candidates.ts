/** The candidates of the bench, their commands, and what each measures. */
import { fileURLToPath } from 'node:url'
import { projectFolder } from '../../commands/services/project.js'
import type { EngineName } from './engine.js'
import type { BenchOptions } from './options.js'
import type { Command, Measure } from './protocol.js'
import type { Size } from './sizes.js'

export type CandidateName = `rlev ${EngineName}` | 'PyTorch' | 'TRL'

export interface CandidateDescription extends Command {
  name: CandidateName
  measures: readonly Measure[]
}

/** In the order of their turns. */
export function candidatesFor({ engines, peer, only }: BenchOptions, size: Size): CandidateDescription[] {
  const own = engines.map(
    (engine): CandidateDescription => ({
      name: `rlev ${engine}`,
      file: process.execPath,
      arguments: [fileURLToPath(new URL('rlev.js', import.meta.url)), engine],
      ...(engine === 'eager' ? {} : { environment: threadsOfLanes }),
      // Matrix products outside a graph are the same on every engine. This engine gives them all threads.
      measures: only.filter(measure => measure !== 'peak' || engine === 'eager'),
    }),
  )
  const peers = peer === null || !size.peers ? [] : peersOf(peer, only)
  return [...own, ...peers].filter(({ measures }) => measures.length > 0)
}

/** As in the workers of `up`: lanes run in parallel, with one thread for each product. */
const threadsOfLanes = { TF_NUM_INTRAOP_THREADS: '1' }

function peersOf(python: string, only: readonly Measure[]): CandidateDescription[] {
  const script = (name: string) => `${projectFolder}/scripts/peers/${name}`
  const common = { file: python, environment: { HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' } }
  return [
    {
      ...common,
      name: 'PyTorch',
      arguments: [script('torch_policy.py')],
      measures: only.filter(measure => measure !== 'step'),
    },
    {
      ...common,
      name: 'TRL',
      arguments: [script('trl_step.py')],
      measures: only.filter(measure => measure === 'step'),
    },
  ]
}
