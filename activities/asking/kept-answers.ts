/**
 * Stored answers of servers, by the digest of the question: `HOME/store/FOLDER/<two digits>/<digest>.json`, a sealed file each. No run of
 * this home asks the same question twice, also after a crash.
 */
import { join } from 'node:path'
import { writeOnce } from '../store/files.js'
import { insideHome } from '../store/inside-home.js'
import { readSealedOrSetAside, seal } from '../store/sealed.js'

export class KeptAnswers<Kept> {
  readonly #home: string
  readonly #folder: string
  readonly #what: string

  /** `what`: a word for one of them, in the label of its file. */
  constructor({ home, folder, what }: { home: string; folder: string; what: string }) {
    this.#home = home
    this.#folder = folder
    this.#what = what
  }

  /** Null if there is no answer, or if its file was damaged and is now set aside. */
  read(digest: string): Kept | null {
    return readSealedOrSetAside<Kept>(this.#path(digest), this.#label(digest))
  }

  /** The first answer stays. Throws NoStorage. */
  keep(digest: string, kept: Kept): void {
    writeOnce(this.#path(digest), seal(kept, this.#label(digest)))
  }

  #path(digest: string): string {
    return insideHome(this.#home, join(this.#home, 'store', this.#folder, digest.slice(0, 2), `${digest}.json`))
  }

  /** The file of another question must not be accepted under this name. */
  #label(digest: string): string {
    return `${this.#what} ${digest}`
  }
}
