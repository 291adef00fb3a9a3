/** The lock of a home: one `up`, `down` or `doctor` at a time. */
import { RlevError } from '../../pipelines/errors.js'
import { withLockFile } from './lock-file.mjs'

export interface LockOptions {
  file: string
  /** How long to wait for the holder. */
  timeoutMs: number
  /** Called once if somebody else holds the lock. */
  onWait?: (pid: number) => void
}

/**
 * Runs `work` while no other process runs under the same file.
 * @throws RlevError ServiceUnavailable if the holder does not release it within `timeoutMs`.
 */
export function withLock<Result>(
  { file, timeoutMs, onWait }: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  return withLockFile(
    {
      file,
      timeoutMs,
      onWait: pid => {
        if (pid !== undefined) onWait?.(pid)
      },
      onTimeout: pid => heldTooLong(file, pid),
    },
    work,
  )
}

function heldTooLong(file: string, pid: number | undefined): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'another command is starting or ending the services of this home',
    place: file,
    expected: 'that it is done by now',
    found: `process ${pid ?? 'unknown'} still at it`,
    remedy: 'wait for it, or end that process and call again',
  })
}
