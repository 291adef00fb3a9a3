/** Marks by the verifier and the judge of a config outside of a worker, kept where the runs of the home keep them. */
import type { Markers } from '../../activities/evaluation/import-evaluations.js'
import { Judge } from '../../activities/judge/judge.js'
import { Marker } from '../../activities/verifiers/marker.js'
import type { ExperimentConfig } from '../../pipelines/config/schema.js'
import { judgeResponses } from '../../pipelines/rewards/judge/judge-responses.js'
import type { MarkResponses } from '../../pipelines/rewards/marking.js'

export class HomeMarkers {
  readonly #home: string
  readonly #marker: Marker

  constructor(home: string) {
    this.#home = home
    this.#marker = new Marker({ home })
  }

  of({ judge: config }: Pick<ExperimentConfig, 'judge'>): Markers {
    const verifier: MarkResponses = (responses, reward) => this.#marker.mark(responses, reward)
    if (config === undefined) return { verifier, evaluation: verifier }
    const judge = new Judge({ config, home: this.#home })
    const evaluation: MarkResponses = (responses, reward) =>
      judgeResponses({
        responses,
        reward,
        ask: async questions => (await judge.ask(questions)).judged.map(({ verdict }) => verdict),
      })
    return { verifier, evaluation }
  }

  end(): Promise<void> {
    return this.#marker.end()
  }
}
