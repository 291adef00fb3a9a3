/**
 * Verdicts of judges, kept by what was asked: `HOME/store/verdicts/<two digits>/<digest>.json`, a sealed file each, named in one move.
 * Whatever a judge has once said, no run of this home asks again, also after a crash. Only verdicts are kept: what stayed unscored is
 * asked anew the next time.
 */
import { join } from 'node:path'
import { type JudgeQuestion, questionDigest } from '../../pipelines/rewards/judge/question.js'
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

  /** Null where it was never said, or where its file was damaged, which is set aside. */
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

/** A whole file under the name of another question must not be taken for it. */
const label = (digest: string): string => `verdict ${digest}`
