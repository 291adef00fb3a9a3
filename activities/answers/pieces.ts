/**
 * The pieces that the answers of an evaluation are made in. Each is stored when it is done, so that a crash costs at most one, and workers
 * divide them among themselves. Their size is of the config: responses that are decoded together round together, so the same pieces give
 * the same bits, however many workers make them.
 */
import { engineIdentity } from '../../pipelines/config/engine-kinds.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import type { Item } from '../../pipelines/data/item.js'
import { answerItems as answer } from '../../pipelines/evaluation/answer-items.js'
import { given } from '../../pipelines/given.js'
import type { Hooks } from '../../pipelines/progress.js'
import type { Sampler } from '../../pipelines/sampling/sampler.js'
import type { Divided } from '../pieces/divided.js'
import { originalKey } from '../store/runs/provenance.js'
import type { ArtifactRef } from '../store/store.js'
import { keepAnswers, keepPieces } from '../store/stored-answers.js'
import type { TrainingInput } from '../training/training.js'
import { runCode, type Workplace } from '../workplace.js'

export interface AnsweredStep extends TrainingInput {
  step: number
}

interface Evaluated {
  workplace: Workplace
  config: ExperimentConfig
  input: AnsweredStep
  /** All test items. */
  items: readonly Item[]
}

/** Responses of a piece if the config does not say: seconds of a small policy, minutes of a large one. */
const defaultResponses = 1024

export class Pieces implements Divided<Sampler> {
  readonly count: number
  readonly #evaluated: Evaluated
  /** Items of a piece. */
  readonly #size: number
  readonly #from: object

  constructor(evaluated: Evaluated) {
    const { config, items } = evaluated
    const { samples, piece = defaultResponses } = config.evaluation
    this.#evaluated = evaluated
    this.#size = Math.max(1, Math.floor(piece / (1 + samples)))
    this.#from = answeredBy(evaluated)
    this.count = Math.ceil(items.length / this.#size)
  }

  /** Of the pieces from `from` to before `to`: a greedy one and the samples of each item. */
  responses(from: number, to: number): number {
    const { config, items } = this.#evaluated
    const before = (piece: number) => Math.min(piece * this.#size, items.length)
    return (before(to) - before(from)) * (1 + config.evaluation.samples)
  }

  /** Null if it is not stored. */
  find(piece: number): Promise<ArtifactRef | null> {
    return this.#evaluated.workplace.store.find(this.#address(piece))
  }

  /** The stored piece, or one that the policy answers now. `hooks` tell the progress of the whole. */
  make(piece: number, { answering, hooks }: { answering: () => Promise<Sampler>; hooks: Hooks }): Promise<ArtifactRef> {
    const { workplace, config, items } = this.#evaluated
    const first = piece * this.#size
    return workplace.store.once({
      ...this.#address(piece),
      fill: async folder => {
        const answers = await answer({
          policy: await answering(),
          items: items.slice(first, first + this.#size),
          first,
          config,
          hooks,
        })
        keepAnswers(folder, answers)
      },
    })
  }

  /** The list of them, when all are there. */
  together(pieces: readonly ArtifactRef[]): Promise<ArtifactRef> {
    return this.#evaluated.workplace.store.once({
      kind: 'all-answers',
      from: { ...this.#from, pieces: pieces.map(({ sha256 }) => sha256) },
      fill: async folder => keepPieces(folder, pieces),
    })
  }

  #address(piece: number): { kind: string; from: object } {
    return { kind: 'answers', from: { ...this.#from, first: piece * this.#size, size: this.#size } }
  }
}

/** What the answers depend on: the warm start, and after it the experiment and the step. */
function answeredBy({ workplace, config, input: { run, stages, step } }: Evaluated): object {
  const { evaluation, rollout, engine } = config
  const { samples, chunk, seed } = evaluation
  return {
    start: stages.start.sha256,
    data: stages.data.sha256,
    ...(step === 0 ? {} : { step, experiment: originalKey(workplace.home, run, config) }),
    evaluation: { samples, chunk, seed },
    maxTokens: rollout.maxTokens,
    ...given({ stop: rollout.stop ?? undefined }),
    engine: engineIdentity(engine),
    code: runCode(workplace, run),
  }
}
