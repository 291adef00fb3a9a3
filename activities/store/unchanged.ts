/**
 * What was read from a file, kept in memory as long as the file is the same one by its inode, length and times. With one step an activity
 * the same small files are needed three times a step. Who gets the content must not change it.
 */
import { statSync } from 'node:fs'

export class Unchanged<Content> {
  readonly #most: number
  /** In order of use, the newest last. */
  readonly #kept = new Map<string, { mark: string; content: Content }>()

  /** `most`: files that are kept. */
  constructor(most: number) {
    this.#most = most
  }

  /** Without the file, what `read` gives is not kept. */
  read(path: string, read: () => Content): Content {
    // Before it is read: one that changes meanwhile is read again next time.
    const mark = markOf(path)
    const there = this.#kept.get(path)
    this.#kept.delete(path)
    const content = there !== undefined && there.mark === mark ? there.content : read()
    if (mark === null) return content
    this.#kept.set(path, { mark, content })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break
      this.#kept.delete(oldest)
    }
    return content
  }
}

function markOf(path: string): string | null {
  const seen = statSync(path, { throwIfNoEntry: false, bigint: true })
  return seen === undefined ? null : `${seen.dev} ${seen.ino} ${seen.size} ${seen.mtimeNs} ${seen.ctimeNs}`
}
