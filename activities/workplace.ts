/** What an activity gets from the machine that it runs on: the home, the clock, the code, and the addresses of the services. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ExperimentConfig } from '../pipelines/config/schema.js'
import { RlevError } from '../pipelines/errors.js'
import { type Code, codeOfThisProcess } from './machine/code.js'
import { readRecord, recordFile, type Services } from './machine/services-record.js'
import { namedServer } from './mlflow/address.js'
import { readIfThere, writeOnce } from './store/files.js'
import { type Mirror, mirrorOf } from './store/mirror/mirror.js'
import { originalCode, refuseOtherCode } from './store/runs/provenance.js'
import { readConfig } from './store/runs/runs.js'
import { Store } from './store/store.js'

export interface Workplace {
  /** Absolute path. */
  home: string
  store: Store
  /** Null if the home is a folder alone. */
  mirror: Mirror | null
  /** Of this worker. */
  code: Code
  /** Milliseconds since 1970. The only clock; a time is stored before it is used. */
  now(): number
}

export function workplace(home: string): Workplace {
  const mirror = mirrorOf(home)
  return { home, store: new Store(home, mirror), mirror, code: codeOfThisProcess(), now: Date.now }
}

/**
 * The config that an experiment was started with, for stages that compute.
 * @throws RlevError Drift on a worker of another version than the run's.
 */
export function runConfig({ home, code }: Workplace, run: string): ExperimentConfig {
  refuseOtherCode(home, run, code)
  return readConfig(home, run)
}

/** Digest of the run's code. It is among the inputs that address a shared output, so that no run takes what another version made. */
export function runCode({ home, code }: Workplace, run: string): string {
  return originalCode(home, run, code)
}

/** As the last `up` left them. Read at each use: a service that was started again may have another port. */
export function knownServices(home: string): Services | undefined {
  return readRecord({ path: home }).services
}

/** `MLFLOW_TRACKING_URI`, else the server of this home. Throws ServiceUnavailable. */
export function trackingAddress(home: string): string {
  const address = namedServer()?.address ?? knownServices(home)?.mlflow.url
  if (address !== undefined && address !== '') return address
  throw new RlevError({
    kind: 'ServiceUnavailable',
    message: 'no MLflow server is known',
    place: recordFile({ path: home }),
    remedy: 'run `rlev up`, or set MLFLOW_TRACKING_URI',
  })
}

/** A name for this home, made once: it keeps apart runs of the same name in two homes on one MLflow server. */
export function homeId(home: string): string {
  const path = join(home, 'home-id')
  const there = readIfThere(path)
  if (there !== null) return there.toString('utf8').trim()
  // If two processes do this at once, the first one gives the name.
  writeOnce(path, randomUUID().slice(0, 8))
  return homeId(home)
}
