/**
 * Stored verdicts of judges, by question: `HOME/store/verdicts/<two digits>/<digest>.json`, a sealed file each. No run of this home asks
 * the same question twice, also after a crash. Only verdicts are stored: a question that stayed unscored is asked again the next time.
 */
import { join } from 'node:path'
import type { JudgeQuestion } from '../../pipelines/rewards/judge/prompt.js'
import { questionDigest } from '../../pipelines/rewards/judge/question.js'
import type { Verdict } from '../../pipelines/rewards/verdict.js'
import { writeOnce } from '../store/files.js'
import { insideHome } from '../store/inside-home.js'
import { readSealedOrSetAside, seal } from '../store/sealed.js'

type Said = Exclude<Verdict, 'unscored'>

interface Kept extends JudgeQuestion {
  model: string
  verdict: Said
}

export class Verdicts {
  readonly #home: string
  readonly #model: string

  constructor({ home, model }: { home: string; model: string }) {
    this.#home = home
    this.#model = model
  }

  digest(question: JudgeQuestion): string {
    return questionDigest(question, this.#model)
  }

  /** Null if there is no verdict, or if its file was damaged and is now set aside. */
  read(digest: string): Said | null {
    return readSealedOrSetAside<Kept>(this.#path(digest), label(digest))?.verdict ?? null
  }

  /** The first verdict stays. Throws NoStorage. */
  keep(digest: string, question: JudgeQuestion, verdict: Said): void {
    const kept: Kept = { model: this.#model, ...question, verdict }
    writeOnce(this.#path(digest), seal(kept, label(digest)))
  }

  #path(digest: string): string {
    return insideHome(this.#home, join(this.#home, 'store', 'verdicts', digest.slice(0, 2), `${digest}.json`))
  }
}

/** The file of another question must not be accepted under this name. */
const label = (digest: string): string => `verdict ${digest}`
