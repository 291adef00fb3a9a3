/** Stage: the training and test items. Shared by every experiment with the same data section, seed and file contents. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { log } from '@temporalio/activity'
import type { DataConfig, ExperimentConfig, TransferSets } from '../pipelines/config/schema.js'
import { isOfUser, verifierWay } from '../pipelines/config/verifier-way.js'
import type { DataSet } from '../pipelines/data/item.js'
import { RlevError } from '../pipelines/errors.js'
import { openRegularFile } from '../pipelines/input/regular-file.js'
import type { MarkResponses } from '../pipelines/rewards/marking.js'
import { rewardableData } from '../pipelines/rewards/references.js'
import { stage } from './stage.js'
import { writeWhole } from './store/files.js'
import { keepReference } from './store/references.js'
import { runFolder } from './store/runs/run-folder.js'
import type { ArtifactRef, Store } from './store/store.js'
import { markByVerifier } from './verifiers/mark-with.js'
import { runCode, runConfig, type Workplace } from './workplace.js'

export function prepareData(workplace: Workplace) {
  return stage({
    heartbeat: 'timer',
    run: async ({ run }: { run: string }): Promise<ArtifactRef> => {
      const ref = await keepData(workplace, run, markByVerifier(workplace))
      const { skipped, warnings } = readData(workplace.store, ref)
      for (const { place, reason } of skipped) log.warn('a row was left out', { place, reason })
      for (const { place, reason } of warnings) log.warn('the data may be wrong', { place, reason })
      return ref
    },
  })
}

/** The items of an experiment in the store, with its reference to them. Needs no activity. */
export async function keepData(workplace: Workplace, run: string, mark: MarkResponses): Promise<ArtifactRef> {
  const config = runConfig(workplace, run)
  const { data, seed, evaluation, value } = config
  const ref = await workplace.store.once({
    kind: 'data',
    from: {
      data: await contents(data),
      ...(await transferContents(evaluation.transfer)),
      ...(data.source === 'file' ? { readBy: readersOf(config), bonus: value.bonus } : {}),
      seed,
      code: runCode(workplace, run),
    },
    fill: async folder => {
      const dataset = await rewardableData(config, mark)
      writeWhole(join(folder, 'data.json'), JSON.stringify(dataset))
    },
  })
  return keepReference(runFolder(workplace.home, run), 'data', ref)
}

export function readData(store: Store, data: ArtifactRef): DataSet {
  return store.json(data, 'data.json')
}

/** The data section with the files' digests in place of their paths: the same bytes elsewhere are the same data. */
async function contents(data: DataConfig): Promise<object> {
  if (data.source === 'synthetic') return data
  const train = await fileDigest(data.train)
  return data.test === undefined ? { ...data, train } : { ...data, train, test: await fileDigest(data.test) }
}

/** What decides which references can be read, and which fields are kept. */
function readersOf({ reward, judge }: ExperimentConfig): object {
  if (isOfUser(reward)) return { verifier: verifierWay(reward).kind }
  const { verifier, tolerance, absoluteTolerance, units } = reward
  return { verifier, tolerance, absoluteTolerance, units, judge: judge?.decides ?? null }
}

async function transferContents(sets: TransferSets | undefined): Promise<object> {
  if (sets === undefined) return {}
  const transfer: Record<string, object> = {}
  for (const [name, set] of Object.entries(sets)) {
    const { verifier: _verifier, file, ...rest } = set
    transfer[name] = file === undefined ? rest : { ...rest, file: await fileDigest(file) }
  }
  return { transfer }
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    const { file: fd } = openRegularFile(path)
    await pipeline(createReadStream(path, { fd }), hash)
  } catch (cause) {
    throw new RlevError({
      kind: 'DataInvalid',
      message: 'the data file cannot be read',
      place: path,
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'check data and evaluation.transfer in the config',
      cause,
    })
  }
  return hash.digest('hex')
}
