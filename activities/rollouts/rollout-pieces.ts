/**
 * The pieces that the rollout of a step is made in (`rollout.piece`). Each is stored when it is done, so that a crash costs at most one, and
 * workers divide them among themselves. They belong to one step of one experiment, and go when its rollout is journaled (outdated.ts).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { log } from '@temporalio/activity'
import { engineIdentity } from '../../pipelines/config/engine-kinds.js'
import { rolloutPiece } from '../../pipelines/config/rollout-piece.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { Item } from '../../pipelines/data/item.js'
import { given } from '../../pipelines/given.js'
import type { Hooks } from '../../pipelines/progress.js'
import type { Rollout } from '../../pipelines/rollout/response.js'
import type { Sampler } from '../../pipelines/sampling/sampler.js'
import { joined, samplePiece } from '../../pipelines/training/sample-piece.js'
import type { Cut, Divided } from '../pieces/divided.js'
import { writeWhole } from '../store/files.js'
import type { ArtifactRef } from '../store/store.js'
import { runCode, type Workplace } from '../workplace.js'
import { pieceKind } from './outdated.js'

/** What answers the prompts of a step. */
export interface Answering {
  policy: Sampler
  /** Absent if no divergence is measured. */
  reference?: Sampler
}

export interface AnsweredPrompts {
  /** The experiment's id. */
  run: string
  stages: { data: ArtifactRef; start: ArtifactRef }
  /** Whose prompts are answered. */
  step: number
  /** Of the policy after the step before. */
  adapter: ArtifactRef
}

/** What is missing of the rollout of a step, and the adapter to make it with. */
export interface RolloutCut extends Cut {
  adapter: ArtifactRef
}

const fileName = 'rollout.json'

export class RolloutPieces implements Divided<Answering> {
  readonly count: number
  readonly #workplace: Workplace
  readonly #config: ExperimentConfig
  readonly #input: AnsweredPrompts
  /** All that are trained on. */
  readonly #items: readonly Item[]
  /** Prompts of a piece. */
  readonly #size: number

  constructor(options: {
    workplace: Workplace
    config: ExperimentConfig
    input: AnsweredPrompts
    items: readonly Item[]
  }) {
    const { prompts } = options.config.rollout
    this.#workplace = options.workplace
    this.#config = options.config
    this.#input = options.input
    this.#items = options.items
    this.#size = rolloutPiece(options.config) ?? prompts
    this.count = Math.ceil(prompts / this.#size)
  }

  get adapter(): ArtifactRef {
    return this.#input.adapter
  }

  responses(from: number, to: number): number {
    const { prompts, samples } = this.#config.rollout
    const before = (piece: number) => Math.min(piece * this.#size, prompts)
    return (before(to) - before(from)) * samples
  }

  find(piece: number): Promise<ArtifactRef | null> {
    return this.#workplace.store.find(this.#address(piece))
  }

  make(
    piece: number,
    { answering, hooks }: { answering: () => Promise<Answering>; hooks: Hooks },
  ): Promise<ArtifactRef> {
    const { run, step } = this.#input
    return this.#workplace.store.once({
      ...this.#address(piece),
      fill: async folder => {
        log.debug('sampling a piece', { run, step, piece })
        const made = await samplePiece({
          ...(await answering()),
          ...{ items: this.#items, config: this.#config, step, hooks },
          ...{ first: piece * this.#size, count: this.#size },
        })
        writeWhole(join(folder, fileName), JSON.stringify(made))
      },
    })
  }

  /** The rollout of the step, of all its pieces. Throws ArtifactDamaged. */
  together(pieces: readonly ArtifactRef[]): Rollout {
    const read = (piece: ArtifactRef) =>
      JSON.parse(readFileSync(join(this.#workplace.store.folder(piece), fileName), 'utf8')) as Rollout
    return joined(this.#input.step, pieces.map(read))
  }

  /** What the responses depend on. The adapter is that of the policy, whichever way training came to it. */
  #address(piece: number): { kind: string; from: object } {
    const { run, stages, step, adapter } = this.#input
    const { rollout, seed, kl, engine } = this.#config
    const { prompts, samples, temperature, maxTokens, chunk, stop } = rollout
    const from = {
      ...{ run, step, adapter: adapter.sha256, start: stages.start.sha256, data: stages.data.sha256, seed },
      rollout: { prompts, samples, temperature, maxTokens, chunk, ...given({ stop: stop ?? undefined }) },
      reference: kl.place !== 'none',
      engine: engineIdentity(engine),
      code: runCode(this.#workplace, run),
      ...{ first: piece * this.#size, size: this.#size },
    }
    return { kind: pieceKind, from }
  }
}
