/** Stored verdicts of judges. Only verdicts are stored: a question that stayed unscored is asked again the next time. */
import type { JudgeQuestion } from '../../pipelines/rewards/judge/prompt.js'
import { questionDigest } from '../../pipelines/rewards/judge/question.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'
import { KeptAnswers } from '../asking/kept-answers.js'

type Said = Exclude<Verdict, 'unscored'>

interface Kept extends JudgeQuestion {
  model: string
  verdict: Said
}

export class Verdicts {
  readonly #kept: KeptAnswers<Kept>
  readonly #model: string

  constructor({ home, model }: { home: string; model: string }) {
    this.#kept = new KeptAnswers({ home, folder: 'verdicts', what: 'verdict' })
    this.#model = model
  }

  digest(question: JudgeQuestion): string {
    return questionDigest(question, this.#model)
  }

  /** Null if there is no verdict, or if its file was damaged and is now set aside. */
  read(digest: string): Said | null {
    return this.#kept.read(digest)?.verdict ?? null
  }

  /** The first verdict stays. Throws NoStorage. */
  keep(digest: string, question: JudgeQuestion, verdict: Said): void {
    this.#kept.keep(digest, { model: this.#model, ...question, verdict })
  }
}
