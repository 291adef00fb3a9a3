/**
 * A run as commands show it: what Temporal says of the work, over what the store holds of its results. The terminal and
 * `--json` both print this object and nothing else, so they cannot differ.
 */
import { resolve } from 'node:path'
import type { Alarmed } from '../../pipelines/evaluation/alarm-lines.js'
import type { Alarm } from '../../pipelines/evaluation/alarms.js'
import type { Stage, State } from '../../workflows/messages.js'

/**
 * Besides the states of a workflow: `waiting`, not begun, or held up because the services of the home are down (it goes on
 * by itself); `stopped`, there is a plan and nobody who works on it (`rlev resume` goes on).
 */
export type RunState = State | 'waiting' | 'stopped'

export interface ExperimentView {
  /** Workflow id, and path under `runs/`. */
  id: string
  arm: string
  seed: number
  stage: Stage
  state: RunState
  step: number
  steps: number
  /** Of the warm start, while it is at work. */
  warmStart?: { done: number; of: number }
  /** Responses of the evaluation that is under way. */
  answered?: { done: number; of: number }
  /** What it is at was paused in Temporal itself, by its command or its pages. */
  held?: true
  /** Mean reward of the newest step. */
  reward?: number
  /** Of the newest evaluation, in [0, 1]. */
  acc?: number
  hAcc?: number
  expectedHAcc?: number
  tokensPerSecond?: number
  secondsLeft?: number
  /** sha256 of the final checkpoint's weights. */
  weights?: string
  /** Since when it only waits for MLflow: its result is there. (ms since 1970) */
  onlyTrackingSince?: number
  /** Why MLflow lacks some of what the store has. */
  trackingFailure?: string
  failure?: string
  /** Why it is done before its last step. */
  stoppedEarly?: string
  /** What says that it learned nothing, or will not; absent of a healthy one. */
  alarms?: readonly Alarm[]
  /** What the newest attempt at its stage failed with, while that is tried again. */
  trouble?: string
}

export interface RunView {
  name: string
  kind: 'experiment' | 'sweep'
  state: RunState
  /** Milliseconds since 1970. */
  startedAt?: number
  endedAt?: number
  /** Of the whole run, estimated. */
  secondsLeft?: number
  experiments: ExperimentView[]
  /** Of a single experiment, once it is done. */
  weights?: string
  reportPath?: string
  /** Pages for a browser. */
  pages: { temporal?: string; mlflow?: string }
  /** Why MLflow lacks some of what the store has, though the run is over: `resume` sends it. */
  trackingFailure?: string
  /** Its workflow belongs to another version of the code than this command; `answers`: a worker of that version does. */
  otherVersion?: { code: string; answers: boolean }
  /** The Temporal server did not answer this time. */
  serverAway?: true
  /** What else one should know: services that are down, tracking that lags behind. */
  notes: string[]
}

export function alarmedOf({ experiments }: Pick<RunView, 'experiments'>): Alarmed[] {
  return experiments.map(({ arm, seed, alarms = [] }) => ({ arm, seed, alarms }))
}

/** Nothing will happen any more unless somebody calls `resume`. */
export function isOver(state: RunState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled' || state === 'stopped'
}

/** One state for all: the worst that is certain, else what still moves. */
export function stateOfAll(states: readonly RunState[]): RunState {
  const order: readonly RunState[] = ['running', 'paused', 'waiting', 'failed', 'cancelled', 'stopped']
  return order.find(state => states.includes(state)) ?? 'done'
}

/** For a sentence about a run: `quickstart has failed`. */
export function clauseOf(state: RunState): string {
  switch (state) {
    case 'running':
      return 'is at work'
    case 'paused':
      return 'is paused'
    case 'waiting':
      return 'waits'
    case 'done':
      return 'is done'
    case 'failed':
      return 'has failed'
    case 'cancelled':
      return 'was cancelled'
    case 'stopped':
      return 'has stopped'
    default:
      return state satisfies never
  }
}

/** Where to read on, by title: the report's path, and pages for a browser. */
export function linksOf({ reportPath, pages }: Pick<RunView, 'reportPath' | 'pages'>): [string, string][] {
  const links: [string, string | undefined][] = [
    ['report', reportPath === undefined ? undefined : resolve(reportPath)],
    ['Temporal', pages.temporal],
    ['MLflow', pages.mlflow],
  ]
  return links.filter((link): link is [string, string] => link[1] !== undefined)
}
