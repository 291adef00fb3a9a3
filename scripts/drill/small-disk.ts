/** A disk of a few megabytes, in memory, that can be full or read-only for root too, whom permission bits do not stop. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class SmallDisk {
  readonly path: string
  #ballast = 0

  private constructor(path: string) {
    this.path = path
  }

  /** Null with the reason told where this user may not mount. `close` unmounts it. */
  static open({ megabytes, say }: { megabytes: number; say: (line: string) => void }): SmallDisk | null {
    const path = mkdtempSync(join(tmpdir(), 'rlev-disk-'))
    try {
      mount(['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'rlev-drill', path])
      return new SmallDisk(path)
    } catch (error) {
      rmdirSync(path)
      say(`no disk of our own can be mounted here: ${(error as Error).message.split('\n')[0]}`)
      return null
    }
  }

  /** Leaves no room at all. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.path)
    this.#ballast = bavail * bsize
    writeFileSync(this.#file, Buffer.alloc(this.#ballast))
  }

  /** Makes so many bytes of room, in whole pages. */
  free(bytes: number): void {
    this.#ballast = Math.max(0, this.#ballast - bytes)
    truncateSync(this.#file, this.#ballast)
  }

  empty(): void {
    rmSync(this.#file, { force: true })
  }

  readOnly(is: boolean): void {
    mount(['-o', `remount,${is ? 'ro' : 'rw'}`, this.path])
  }

  close(): void {
    execFileSync('umount', [this.path], { stdio: 'pipe' })
    rmdirSync(this.path)
  }

  get #file(): string {
    return join(this.path, 'ballast')
  }
}

function mount(args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' })
}
