/**
 * The disk that a plan needs: checkpoints and what its policies start from, exact but for small files, and the journal with every response
 * as long as it may be. Outputs that experiments share count once.
 */
import { existsSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { experimentsOf } from '../../activities/store/runs/runs.js'
import { checkCheckpoint } from '../../pipelines/checkpoint/checked-checkpoint.js'
import { filesOfCheckpoint } from '../../pipelines/checkpoint/checkpoint-files.js'
import { checkpointSteps, evaluationSteps } from '../../pipelines/config/due-steps.js'
import { engineKind } from '../../pipelines/config/engine-kinds.js'
import type { ExperimentConfig, Plan } from '../../pipelines/config/schema.js'
import { warmStartKey } from '../../pipelines/config/start-order.js'
import { countsOf } from '../../pipelines/memory/estimate.js'
import { diskText } from '../text/format.js'
import type { ItemCounts } from './cost.js'
import type { PolicyFacts } from './policy-facts.js'

export interface DiskPart {
  name: string
  bytes: number
}

export interface PlanDisk {
  /** When the run is done, all experiments together. */
  parts: readonly DiskPart[]
  /**
   * The sum, and one checkpoint for each experiment that runs at the same time: a new one is there before an old one goes. At least what is there
   * while the policies are taught: the starts, and for each experiment two states.
   */
  bytes: number
  /** Checkpoints that an experiment keeps, and what one takes. */
  kept: number
  checkpointBytes: number
  /** Free where the home is, or will be. */
  free: { bytes: number; place: string }
  /** Where it may not suffice. */
  warning?: string
}

/**
 * A token's id and its text; its log-probability and, with a reference, that of the reference; the rest of a response, its record, a
 * prompt and a step. (bytes) Measured. `decimal`: a log-probability of a server, which need not be a 32-bit number
 * (activities/store/rollout-entry.ts).
 */
const journaled = { id: 6, text: 4, logProb: 16 / 3, decimal: 21, response: 80, record: 230, prompt: 30, step: 2_000 }

/** An evaluated response among the outcomes, and an evaluation itself. (bytes) Measured. */
const evaluated = { response: 110, evaluation: 6_000 }

/** What a policy from scratch has besides its weights: config and tokenizer. (bytes) */
const scratchDescription = 4_800

/** Throws CheckpointInvalid where a checkpoint cannot be read. */
export async function diskOfPlan(options: {
  plan: Plan
  items: ItemCounts
  facts: (config: ExperimentConfig) => Promise<PolicyFacts>
  home: string
}): Promise<PlanDisk> {
  const { plan, items, facts, home } = options
  const experiments = experimentsOf(plan)
  const folders = new Map<string, CheckpointBytes>()
  const starts = new Map<string, number>()
  let [checkpoints, journal, evaluations, kept, checkpointBytes, stateBytes] = [0, 0, 0, 0, 0, 0]
  for (const { config } of experiments) {
    const { architecture, meanPromptTokens } = await facts(config)
    const { weights, trained } = countsOf({ architecture, config })
    const start = startOf(config, weights, folders)
    // Weights, and with AdamW two moments of each.
    const each = start.description + 4 * trained * (config.update.optimizer === 'sgd' ? 1 : 3)
    const number = keptOf(config)
    checkpoints += number * each
    if (number * each > kept * checkpointBytes) [kept, checkpointBytes] = [number, each]
    journal += journalBytes(config, meanPromptTokens)
    evaluations += evaluationBytes(config, items)
    starts.set(startKey(config), start.bytes)
    stateBytes = Math.max(stateBytes, stateOf(config, { weights, trained }))
    const { policy, data } = config
    // A checkpoint that is taught is kept beside what it becomes, once for each seed.
    if (policy.from === 'checkpoint' && policy.warmStart)
      starts.set(JSON.stringify([policy, data, config.seed]), start.description + 4 * weights)
  }
  const startBytes = [...starts.values()].reduce((sum, bytes) => sum + bytes, 0)
  const parts = [
    { name: 'checkpoints', bytes: checkpoints },
    { name: 'start', bytes: startBytes },
    { name: 'journal', bytes: Math.round(journal) },
    { name: 'evaluations', bytes: evaluations },
  ].filter(({ bytes }) => bytes > 0)
  const together = plan.kind === 'experiment' ? 1 : Math.min(plan.settings.concurrency, experiments.length)
  const atEnd = parts.reduce((sum, part) => sum + part.bytes, 0) + together * checkpointBytes
  const bytes = Math.max(atEnd, startBytes + together * 2 * stateBytes)
  const free = freeAt(home)
  const warning = `the disk may not suffice: ${diskText(bytes)} needed, ${diskText(free.bytes)} free; checkpoint.keep and checkpoint.trimJournal make it less, and \`rlev gc\` may free some`
  return { parts, bytes, kept, checkpointBytes, free, ...(bytes > free.bytes ? { warning } : {}) }
}

/** A state of supervised training: what it trains, with two moments of each. */
function stateOf(
  { policy, warmStart, value, checkpoint }: ExperimentConfig,
  { weights, trained }: { weights: number; trained: number },
): number {
  if (checkpoint.supervisedSeconds === null) return 0
  const ofStart = policy.from === 'scratch' ? (warmStart.steps > 0 ? weights : 0) : policy.warmStart ? trained : 0
  return 12 * Math.max(ofStart, value.ablation === 'predicted' ? trained : 0)
}

/** The newest, those before it, and the best one by an evaluation. */
function keptOf(config: ExperimentConfig): number {
  const { keep, best } = config.checkpoint
  return Math.min(checkpointSteps(config).length, keep + 1 + (best === null ? 0 : 1))
}

function journalBytes(config: ExperimentConfig, promptTokens: number): number {
  const { steps, rollout, kl, checkpoint, engine } = config
  const { prompts, samples, maxTokens } = rollout
  const { id, text, logProb, decimal, response, record, prompt, step } = journaled
  const isLocal = engineKind(engine) === 'local'
  const ofToken = id + text + (isLocal ? logProb : decimal) * (kl.place === 'none' ? 1 : 2)
  const ofPrompt = (prompt + promptTokens * id) * (isLocal ? 1 : samples)
  const ofStep = prompts * (ofPrompt + samples * (maxTokens * ofToken + response + record))
  // Trimmed behind the oldest checkpoint that is kept.
  const held = checkpoint.trimJournal ? Math.min(steps, (checkpoint.keep + 2) * checkpoint.everySteps) : steps
  return held * ofStep + steps * step
}

function evaluationBytes(config: ExperimentConfig, { test }: ItemCounts): number {
  const responses = test * (1 + config.evaluation.samples)
  return evaluationSteps(config).length * (responses * evaluated.response + evaluated.evaluation)
}

/** What experiments with the same start share. */
function startKey(config: ExperimentConfig): string {
  if (config.policy.from === 'checkpoint') return config.policy.path
  return `${config.seed} ${warmStartKey(config)}`
}

interface CheckpointBytes {
  /** Of all files that loading reads. */
  bytes: number
  /** Of those without tensors. */
  description: number
}

function startOf(
  { policy }: ExperimentConfig,
  weights: number,
  folders: Map<string, CheckpointBytes>,
): CheckpointBytes {
  if (policy.from === 'scratch') return { bytes: 4 * weights + scratchDescription, description: scratchDescription }
  const known = folders.get(policy.path) ?? bytesOfCheckpoint(policy.path)
  folders.set(policy.path, known)
  return known
}

function bytesOfCheckpoint(folder: string): CheckpointBytes {
  const { files } = checkCheckpoint(folder)
  const names = filesOfCheckpoint(
    folder,
    files.map(({ path }) => basename(path)),
  )
  const bytes = (chosen: readonly string[]) => chosen.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  return { bytes: bytes(names), description: bytes(names.filter(name => !name.includes('.safetensors'))) }
}

function freeAt(home: string): PlanDisk['free'] {
  let place = home
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  const { bavail, bsize } = statfsSync(place)
  return { bytes: bavail * bsize, place }
}

export function diskLines({ parts, bytes, kept, checkpointBytes, free, warning }: PlanDisk): string[] {
  const named = parts.map(part =>
    part.name === 'checkpoints'
      ? `checkpoints ${diskText(part.bytes)}, ${kept} of ${diskText(checkpointBytes)} an experiment`
      : `${part.name} ${diskText(part.bytes)}`,
  )
  return [
    `disk: at most about ${diskText(bytes)} (${named.join('; ')}); ${diskText(free.bytes)} free at ${free.place}`,
    ...(warning === undefined ? [] : [`warning: ${warning}`]),
  ]
}
