/** Stored marks of servers. A question that stayed unscored is asked again the next time. */
import { digest } from '../../pipelines/config/digest.js'
import type { VerifierQuestion } from '../../pipelines/rewards/own/verify-types.js'
import { KeptAnswers } from '../asking/kept-answers.js'
import type { Said } from './messages.js'

type KeptSaid = Exclude<Said, 'unscored'>

interface Kept {
  verifier: string
  item: string
  said: KeptSaid
}

export class KeptMarks {
  readonly #kept: KeptAnswers<Kept> | null
  readonly #verifier: string

  /** `verifier`: name of the server, `reward.endpoint.name`. Without a home nothing is kept. */
  constructor({ home, verifier }: { home: string | undefined; verifier: string }) {
    this.#kept = home === undefined ? null : new KeptAnswers({ home, folder: 'marks', what: 'mark' })
    this.#verifier = verifier
  }

  digest(question: VerifierQuestion): string {
    return digest({ verifier: this.#verifier, question })
  }

  /** Null if there is no mark, or if its file was damaged and is now set aside. */
  read(digest: string): KeptSaid | null {
    return this.#kept?.read(digest)?.said ?? null
  }

  /** The first mark stays. Throws NoStorage. */
  keep(digest: string, question: VerifierQuestion, said: Said): void {
    if (said !== 'unscored') this.#kept?.keep(digest, { verifier: this.#verifier, item: question.item.id, said })
  }
}
