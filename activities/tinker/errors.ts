/**
 * Failures of a Tinker server by kind. `CallInvalid`: it refuses the request, and would again. `EngineEnded`: the model is gone, as
 * after a restart. `ServiceUnavailable`: it is away, or it is unclear whether it took the request. After the last two a model is
 * in doubt: it is thrown away, and its newest state loaded into another one (policy/tinker-policy.ts).
 */
import { RlevError } from '../../pipelines/errors.js'
import { shortened } from '../../pipelines/printable.js'

/** The only place of the key. */
export const keyVariable = 'TINKER_API_KEY'

/** How servers say that a model is not there: `Model ... not loaded (likely stale request from previous server)`, `Model not found`. */
const gone = /\bnot loaded\b|\b(?:model|session|future)\b[^.]*\bnot found\b/i

/** `Maximum number of LoRA adapters (4) reached` */
const full = /\bmaximum number of\b.*\breached\b/i

/** SkyRL 0.4.0 has `forward_backward` in protobuf, and no `forward`: its SDK sends that as a flag of the other. */
const withoutJson = (place: string, status: number, said: string) =>
  (status === 404 && /\/forward$/.test(place)) || (status === 415 && /protobuf/i.test(said))

const shownLength = 400

export function refused(place: string, { status, said }: { status: number; said: string }): RlevError {
  const found = `${status} ${shortened(said, shownLength)}`.trim()
  if (gone.test(said)) {
    return new RlevError({
      kind: 'EngineEnded',
      message: 'the Tinker server does not have the model any more',
      place,
      expected: 'a model that is loaded',
      found,
      remedy: 'go on from the newest state in another model',
    })
  }
  if (full.test(said)) {
    return new RlevError({
      kind: 'ServiceUnavailable',
      message: 'the Tinker server has no room for another model',
      place,
      expected: 'a free slot',
      found,
      remedy: 'end other runs there, or wait: a server unloads models whose session has been silent for some minutes',
    })
  }
  if (withoutJson(place, status, said)) {
    return new RlevError({
      kind: 'CallInvalid',
      message: 'the Tinker server takes no passes in JSON, and rlev speaks JSON only',
      place,
      expected: 'forward and forward_backward in JSON',
      found,
      remedy: 'run a version of the server that takes them, as SkyRL 0.3.0 does (docs/large-models.md)',
    })
  }
  const locked = status === 401 || status === 403
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the Tinker server refuses the request',
    place,
    expected: locked ? `a key in ${keyVariable} that the server knows` : 'a request that the server takes',
    found,
    remedy: locked
      ? `set ${keyVariable} in the environment of the workers (after a change: \`rlev down\`, \`rlev up\`)`
      : 'compare the engine of the config with what the server offers: `rlev doctor --engine URL`',
  })
}

export function away(place: string, found: string): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the Tinker server does not answer',
    place,
    expected: 'an answer',
    found,
    remedy: 'start the server, or correct the address',
  })
}

/** A request that changes a model, and whose answer did not come. */
export function unclear(place: string, found: string): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'it is unclear whether the Tinker server took the request',
    place,
    expected: 'an answer',
    found,
    remedy: 'do not send it again: go on from the newest state in another model',
  })
}

/** An answer that the protocol does not have. */
export function foreign(place: string, { expected, found }: { expected: string; found: string }): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the answer is not one of the Tinker API',
    place,
    expected,
    found: shortened(found, shownLength),
    remedy: 'check the address, and whether the version of the server is one of docs/large-models.md',
  })
}

export function otherShape(
  place: string,
  { sequences, found }: { sequences: number; found: readonly number[] },
): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the result has another shape than the request',
    place,
    expected: `log-probabilities of ${sequences} sequences, one for each target`,
    found: `${found.length} lists, of lengths ${found.slice(0, 10).join(', ')}`,
    remedy: 'the server is not one that rlev can train with',
  })
}

export function noPromptLogProbs(
  place: string,
  { expected, found }: { expected: number; found: number | undefined },
): RlevError {
  return new RlevError({
    kind: 'CallInvalid',
    message: 'the server gives no log-probabilities of a prompt',
    place,
    expected: `${expected} numbers in prompt_logprobs`,
    found: String(found ?? 'none'),
    remedy: 'choose a server that gives them, or train without a reference',
  })
}
