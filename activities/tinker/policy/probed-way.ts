/**
 * How an experiment trains on its server, by a probe of it (probe/probe.ts) before the first step. What it found is kept with the
 * experiment, in `server/findings.json`, so that a run that goes on does not ask again, and its reader can see it.
 */
import { randomUUID } from 'node:crypto'
import { log } from '@temporalio/activity'
import type { ExperimentConfig, TinkerEngineConfig } from '../../../pipelines/config/schema.js'
import type { Hooks } from '../../../pipelines/progress.js'
import type { TinkerClient } from '../client.js'
import type { Findings } from '../probe/findings.js'
import { probe } from '../probe/probe.js'
import { checkedWay, type TrainingWay } from '../training-way.js'
import type { MayCommit, States } from './states.js'
import { whileWaiting } from './while-waiting.js'

export interface ProbedWay extends Exclude<TrainingWay, { refusals: unknown }> {
  /** Whether the target of a place may be any token, which measures P(EOS). */
  freeTargets: boolean
}

/** Of this process, by server and model: the experiments of a sweep share it. */
const known = new Map<string, Findings>()

/** Throws CallInvalid, which names what the server lacks for this config. */
export async function probedWay({
  client,
  engine,
  states,
  config,
  hooks,
  mayCommit,
}: {
  client: TinkerClient
  engine: TinkerEngineConfig
  states: States
  config: ExperimentConfig
  hooks: Hooks
  mayCommit: MayCommit
}): Promise<ProbedWay> {
  const { baseModel } = engine
  const key = `${client.address} ${baseModel}`
  const before = states.findings(client.address)
  const findings = before ?? known.get(key) ?? (await findingsOf({ client, baseModel, hooks }))
  known.set(key, findings)
  if (before === null) states.keepFindings({ address: client.address, findings }, mayCommit)
  const { clipNorm, epsilon, betas } = config.update
  const way = checkedWay(
    findings,
    {
      temperature: config.rollout.temperature,
      clipNorm,
      // Measured where it can be, and left out elsewhere.
      eosProbabilities: false,
      ownEpsilon: epsilon !== 1e-8 || betas[0] !== 0.9 || betas[1] !== 0.999,
    },
    client.address,
  )
  if (before === null) for (const note of way.notes) log.warn(note, { server: client.address })
  return { ...way, freeTargets: findings.targets === 'free' }
}

function findingsOf({
  client,
  baseModel,
  hooks,
}: {
  client: TinkerClient
  baseModel: string
  hooks: Hooks
}): Promise<Findings> {
  log.info('probing the server', { server: client.address, model: baseModel })
  // Checkpoints cannot be deleted everywhere: another probe must not find the names taken.
  const name = `probe-${randomUUID().slice(0, 8)}`
  return whileWaiting(hooks, signal => probe({ client, baseModel, name, signal }))
}
