/**
 * States of supervised training that is under way: `store/<kind>/<digest>-step-000040/`, folders with a manifest, addressed by the inputs of the
 * output that the training makes and by the step, so that a state of other inputs is never resumed. An attempt resumes the newest whole one.
 * Only that one is kept, and none once the output is made. They stay in the folder of the home; an object store gets none.
 */
import { join } from 'node:path'
import { digest } from '../../pipelines/config/digest.js'
import type { TrainingState, TrainingStates } from '../../pipelines/training/training-states.js'
import { namesIn, removeIfThere, setAside } from './files.js'
import { makeFolder, readFolderOrSetAside } from './folder.js'
import { insideHome } from './inside-home.js'
import { stepName, stepOf } from './runs/run-folder.js'

interface StateFacts {
  kind: string
  from: unknown
  step: number
}

export class KeptStates implements TrainingStates {
  readonly #folder: string
  readonly #kind: string
  readonly #from: unknown
  readonly #digest: string
  readonly #everyMs: number | null
  readonly #onFound: (step: number) => void
  /** When the last one was kept, or the training began. (ms of a clock that only goes forward) */
  #keptAt = performance.now()

  /** `everySeconds`: between two states; null to keep none. One that is there is resumed all the same. */
  constructor(options: {
    home: string
    kind: string
    from: unknown
    everySeconds: number | null
    /** Called with the step of a state that is resumed. */
    onFound: (step: number) => void
  }) {
    const { home, kind, from, everySeconds, onFound } = options
    this.#folder = insideHome(home, join(home, 'store', kind))
    this.#kind = kind
    this.#from = from
    this.#digest = digest(from)
    this.#everyMs = everySeconds === null ? null : 1000 * everySeconds
    this.#onFound = onFound
  }

  /** Damaged ones, and those of other inputs or another step than their name says, are set aside. */
  newest(): TrainingState | null {
    for (const step of this.#steps().reverse()) {
      const folder = this.#path(step)
      const about = readFolderOrSetAside<StateFacts>(folder)?.about
      if (about === undefined) continue
      if (about.step === step && digest(about.from) === this.#digest) {
        this.#onFound(step)
        return { step, folder }
      }
      setAside(folder)
    }
    return null
  }

  async afterStep(step: number, save: (folder: string) => Promise<void>): Promise<void> {
    if (this.#everyMs === null || performance.now() - this.#keptAt < this.#everyMs) return
    const about: StateFacts = { kind: this.#kind, from: this.#from, step }
    await makeFolder({ what: 'stage-output', path: this.#path(step), about, fill: save })
    this.#remove(other => other < step)
    // From its end on, so that a slow disk does not take all of the time.
    this.#keptAt = performance.now()
  }

  /** The output is made. */
  removeAll(): void {
    this.#remove(() => true)
  }

  /** Ascending. */
  #steps(): number[] {
    const prefix = `${this.#digest}-`
    return namesIn(this.#folder)
      .flatMap(name => (name.startsWith(prefix) ? (stepOf(name.slice(prefix.length)) ?? []) : []))
      .sort((a, b) => a - b)
  }

  #path(step: number): string {
    return join(this.#folder, `${this.#digest}-${stepName(step)}`)
  }

  /** Another attempt may remove them at the same time. */
  #remove(goes: (step: number) => boolean): void {
    for (const step of this.#steps().filter(goes)) removeIfThere(this.#path(step))
  }
}
