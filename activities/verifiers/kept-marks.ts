/**
 * Stored marks of servers, by question: `HOME/store/marks/<two digits>/<digest>.json`, a sealed file each. No run of this home asks the
 * same question twice, also after a crash. A question that stayed unscored is asked again the next time.
 */
import { join } from 'node:path'
import { digest } from '../../pipelines/config/digest.js'
import type { VerifierQuestion } from '../../pipelines/rewards/own/verify-types.js'
import { writeOnce } from '../store/files.js'
import { insideHome } from '../store/inside-home.js'
import { readSealedOrSetAside, seal } from '../store/sealed.js'
import type { Said } from './messages.js'

type KeptSaid = Exclude<Said, 'unscored'>

interface Kept {
  verifier: string
  item: string
  said: KeptSaid
}

export class KeptMarks {
  readonly #home: string | undefined
  readonly #verifier: string

  /** `verifier`: name of the server, `reward.endpoint.name`. Without a home nothing is kept. */
  constructor({ home, verifier }: { home: string | undefined; verifier: string }) {
    this.#home = home
    this.#verifier = verifier
  }

  digest(question: VerifierQuestion): string {
    return digest({ verifier: this.#verifier, question })
  }

  /** Null if there is no mark, or if its file was damaged and is now set aside. */
  read(digest: string): KeptSaid | null {
    if (this.#home === undefined) return null
    return readSealedOrSetAside<Kept>(pathOf(this.#home, digest), label(digest))?.said ?? null
  }

  /** The first mark stays. Throws NoStorage. */
  keep(digest: string, question: VerifierQuestion, said: Said): void {
    if (this.#home === undefined || said === 'unscored') return
    const kept: Kept = { verifier: this.#verifier, item: question.item.id, said }
    writeOnce(pathOf(this.#home, digest), seal(kept, label(digest)))
  }
}

function pathOf(home: string, digest: string): string {
  return insideHome(home, join(home, 'store', 'marks', digest.slice(0, 2), `${digest}.json`))
}

/** The file of another question must not be accepted under this name. */
const label = (digest: string): string => `mark ${digest}`
