/**
 * Fail points: named lines of the code at which a drill makes this process die, fail or stand still. They are armed when a worker starts,
 * and by the commands that reach some, by `RLEV_FAILPOINT=name:hit:kill|crash|throw|stall`, several with commas between them. Each acts
 * once in a process, and once in a worker with all its engine processes, the `hit`th time that it is reached. If none is armed, reaching
 * one costs a comparison.
 *
 *   kill    SIGKILL to the worker, and to its engine process if it is reached there: nothing more runs, no handler, no flush
 *   crash   SIGKILL to the process that reaches it: if that is an engine process, its worker lives and starts another one
 *   throw   a FailPointReached, which the activity passes to Temporal like any unknown error: it is tried again
 *   stall   blocks the only thread, so that neither heartbeat nor answer leaves, then goes on; it lasts 120 seconds, in which
 *           an engine process is found to hang, or as long as `stall=SECONDS` says
 */
import { writeSync } from 'node:fs'
import { RlevError } from '../../pipelines/errors.js'
import { type FailPointName, failPointNames } from './names.js'

export const failPointVariable = 'RLEV_FAILPOINT'

type Action = { kind: 'kill' | 'crash' | 'throw' } | { kind: 'stall'; seconds: number }

interface Armed {
  /** Counted from 1. */
  hit: number
  action: Action
  /** Where the times that it was reached are counted. */
  place: number
}

/** What is armed in this process, for a thread of it: both count together. */
export interface SharedFailPoints {
  text: string
  /** Times that each was reached. */
  reached: Int32Array<SharedArrayBuffer>
}

let shared: SharedFailPoints | null = null

let armed: ReadonlyMap<string, Armed> | null = null

/** Processes of this worker, which `kill` ends, this one last. */
let processes: readonly number[] = [process.pid]

export function failPoint(name: FailPointName): void {
  if (armed !== null) reach(name, armed)
}

/** Not an error of the run: it was asked for. */
export class FailPointReached extends Error {
  constructor(name: string) {
    super(`the fail point ${name} was armed to throw`)
    this.name = 'FailPointReached'
  }
}

/**
 * Arms the fail points in the variable's text, and disarms all others; none if it is empty or absent.
 * `worker`: pid of the worker, if this is its engine process. Throws CallInvalid, with the list, for an unknown name or a text of
 * another form.
 */
export function armFailPoints(text: string | undefined, { worker }: { worker?: number } = {}): void {
  processes = worker === undefined ? [process.pid] : [worker, process.pid]
  const parts = (text ?? '').split(',').filter(part => part.trim() !== '')
  joinFailPoints(
    parts.length === 0
      ? null
      : { text: parts.join(), reached: new Int32Array(new SharedArrayBuffer(4 * parts.length)) },
  )
}

export function sharedFailPoints(): SharedFailPoints | null {
  return shared
}

/** Arms what is armed in the process of this thread. */
export function joinFailPoints(points: SharedFailPoints | null): void {
  armed = points === null ? null : new Map(points.text.split(',').map((part, place) => parsed(part.trim(), place)))
  shared = points
}

const form = /^([a-z.-]+):([1-9]\d{0,8}):(?:(kill|crash|throw|stall)|stall=(\d+(?:\.\d+)?))$/

function parsed(part: string, place: number): [string, Armed] {
  const [, name = '', hit, word, seconds] = form.exec(part) ?? []
  if (hit === undefined || !failPointNames.some(known => known === name)) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: hit === undefined ? 'a fail point cannot be armed by this text' : 'there is no fail point of this name',
      place: failPointVariable,
      expected: `name:hit:kill, :crash, :throw, :stall or :stall=SECONDS, hit from 1, and name one of ${failPointNames.join(', ')}`,
      found: JSON.stringify(part),
      remedy: 'unset the variable, or see `rlev failpoints`',
    })
  }
  const action: Action =
    word === undefined || word === 'stall'
      ? { kind: 'stall', seconds: Number(seconds ?? 120) }
      : { kind: word as 'kill' | 'crash' | 'throw' }
  return [name, { hit: Number(hit), action, place }]
}

function reach(name: FailPointName, points: ReadonlyMap<string, Armed>): void {
  const point = points.get(name)
  if (point === undefined || shared === null) return
  const before = Atomics.add(shared.reached, point.place, 1)
  if (before + 1 !== point.hit) return
  tell(name, point)
  switch (point.action.kind) {
    case 'kill':
    case 'crash':
      for (const pid of point.action.kind === 'kill' ? processes : [process.pid]) process.kill(pid, 'SIGKILL')
      // The signal may take a moment to arrive; nothing more may happen until then.
      block(60)
      return
    case 'throw':
      throw new FailPointReached(name)
    case 'stall':
      block(point.action.seconds)
      return
    default:
      point.action satisfies never
  }
}

function block(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)
}

/** Written synchronously, not by a stream: a process that is killed flushes nothing. */
function tell(name: string, { hit, action }: Armed): void {
  const entry = { time: new Date().toISOString(), level: 'WARN', message: 'fail point', name, hit, action: action.kind }
  // A thread has no number of its standard error.
  writeSync(2, `${JSON.stringify(entry)}\n`)
}
