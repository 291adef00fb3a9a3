/**
 * How an experiment trains on its server, by a probe of it (probe/probe.ts) before the first step. What it found is kept with the
 * experiment, in `server/findings.json`, so that a run that goes on does not ask again, and its reader can see it. A server that was
 * started again, or not seen for a day, may be another version: it is probed again.
 */
import { randomUUID } from 'node:crypto'
import { log } from '@temporalio/activity'
import type { ExperimentConfig, TinkerEngineConfig } from '../../../pipelines/config/schema.js'
import type { Hooks } from '../../../pipelines/progress.js'
import type { TinkerClient } from '../client.js'
import { type Findings, findingsDigest } from '../probe/findings.js'
import { probe } from '../probe/probe.js'
import { checkedWay, type TrainingWay } from '../training-way.js'
import type { KeptFindings, MayCommit, States } from './states.js'
import { whileWaiting } from './while-waiting.js'

export interface ProbedWay extends Exclude<TrainingWay, { refusals: unknown }> {
  /** Whether the target of a place may be any token, which measures P(EOS). */
  freeTargets: boolean
}

/** Of this process, by server and model: the experiments of a sweep share it. */
const known = new Map<string, KeptFindings>()
/** When a server was seen to have lost a model, in ms, by address. */
const lost = new Map<string, number>()
const longestMs = 86_400_000

/** What was found there before is not believed any more: the server has lost a model, as by a restart. */
export function doubtFindings(address: string): void {
  lost.set(address, Date.now())
}

/**
 * Throws CallInvalid, which names what the server lacks for this config, and what `claim` throws: the run's provenance names another
 * server, or one that behaves otherwise.
 */
export async function probedWay({
  client,
  engine,
  states,
  config,
  hooks,
  mayCommit,
  claim,
}: {
  client: TinkerClient
  engine: TinkerEngineConfig
  states: States
  config: ExperimentConfig
  hooks: Hooks
  mayCommit: MayCommit
  claim: (engine: string) => void
}): Promise<ProbedWay> {
  const { baseModel } = engine
  const { address } = client
  const key = `${address} ${baseModel}`
  const isGood = ({ time }: KeptFindings) => time > (lost.get(address) ?? 0) && Date.now() - time < longestMs
  const before = states.findings(address)
  const kept = [before, known.get(key)].find(found => found != null && isGood(found)) ?? {
    address,
    findings: await findingsOf({ client, baseModel, hooks }),
    time: Date.now(),
  }
  known.set(key, kept)
  const { findings } = kept
  // Before it is compared: a run that goes on after a drift goes on with these.
  if (kept.time !== before?.time) states.keepFindings(kept, mayCommit)
  claim(serverName(findings))
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
    address,
  )
  if (before === null) for (const note of way.notes) log.warn(note, { server: address })
  return { ...way, freeTargets: findings.targets === 'free' }
}

/** In the provenance of a run. A server does not tell its version: what a probe found stands for it. */
export function serverName(findings: Findings): string {
  return `a server of the Tinker API, ${findings.baseModel}, findings ${findingsDigest(findings).slice(0, 12)}`
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
