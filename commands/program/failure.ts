/** What a command prints when it fails, and its exit status: 1, the work failed; 2, the call or the config is wrong. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { masked } from '../../activities/machine/secrets.js'
import { stateFolder } from '../../activities/machine/state-folder.js'
import { type ErrorKind, RlevError } from '../../pipelines/errors.js'
import { printable } from '../../pipelines/printable.js'

const status: Record<ErrorKind, 1 | 2> = {
  CallInvalid: 2,
  ConfigInvalid: 2,
  DataInvalid: 2,
  CheckpointInvalid: 2,
  Drift: 2,
  OtherEngine: 2,
  NotFound: 2,
  ArtifactDamaged: 1,
  NotFinite: 1,
  OutOfMemory: 1,
  NoStorage: 1,
  PartMissing: 1,
  EngineEnded: 1,
  ServiceUnavailable: 1,
  TrackingConflict: 1,
}

export function exitStatusOf(error: unknown): 1 | 2 {
  return error instanceof RlevError ? status[error.kind] : 1
}

/**
 * Our own errors say everything themselves; of others the reader gets the message, and where to find the rest. `whole`: for a
 * log, with the place in the program.
 */
export function failureText(error: unknown, where: { home: string; whole: boolean }): string {
  return printable(masked(textOf(error, where)))
}

function textOf(error: unknown, { home, whole }: { home: string; whole: boolean }): string {
  if (error instanceof RlevError) return error.message
  if (whole) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const logs = join(stateFolder({ path: home }), 'logs')
  return [
    `unexpected error: ${error instanceof Error ? error.message : String(error)}`,
    ...(existsSync(logs) ? [`  the services' logs are in ${logs}; \`rlev doctor\` shows what is missing`] : []),
    '  with RLEV_DEBUG=1 in the environment the place in the program is shown too',
  ].join('\n')
}
