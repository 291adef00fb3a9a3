/** Which way the verifier of a config goes: a rule that is computed at once, a process, or a server. Only this file tells them apart. */
import type { ExperimentConfig } from './schema.js'
import type { ProgramPath, verifiers } from './sections/data.js'

type Reward = Pick<ExperimentConfig['reward'], 'verifier' | 'endpoint'>

export type VerifierWay =
  | { kind: 'rule' }
  /** Symbolic mathematics, which may not end: in a process of this project. */
  | { kind: 'math' }
  /** A module of the user, in a process. */
  | { kind: 'program'; path: ProgramPath }
  /** A server of the user. */
  | { kind: 'endpoint'; endpoint: NonNullable<Reward['endpoint']> }

export function verifierWay({ verifier, endpoint }: Reward): VerifierWay {
  if (endpoint !== undefined) return { kind: 'endpoint', endpoint }
  if (isProgram(verifier)) return { kind: 'program', path: verifier }
  return { kind: verifier === 'math' ? 'math' : 'rule' }
}

/** Whether a verifier of the user decides, which is given the whole item and response. */
export function isOfUser(reward: Reward): boolean {
  const { kind } = verifierWay(reward)
  return kind === 'program' || kind === 'endpoint'
}

/** Whether verdicts of training are computed at once, without another process, a server or a judge. */
export function isMarkedAtOnce({ reward, judge }: Pick<ExperimentConfig, 'reward' | 'judge'>): boolean {
  return verifierWay(reward).kind === 'rule' && judge?.decides !== 'everything'
}

export function isProgram(verifier: string): verifier is ProgramPath {
  return verifier.includes('.')
}

/** The same reward with a verifier of this project in place of whatever decides. */
export function markedAs(
  verifier: (typeof verifiers)[number],
  { endpoint: _endpoint, verifierDigest: _digest, ...reward }: ExperimentConfig['reward'],
): ExperimentConfig['reward'] {
  return { ...reward, verifier }
}
