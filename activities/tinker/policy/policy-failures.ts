/** Failures of a policy on a server that are not the server's own. */
import { RlevError } from '../../../pipelines/errors.js'

export function notFinite({ loss, norm }: { loss: number; norm?: number }): RlevError {
  return new RlevError({
    kind: 'NotFinite',
    message: 'the update is not finite',
    place: 'policy-gradient step of a Tinker server',
    expected: 'a finite loss and gradient norm',
    found: `loss ${loss}${norm === undefined ? '' : `, gradient norm ${norm}`}`,
    remedy: 'lower update.learningRate',
  })
}

export function nameTaken(place: string, name: string): RlevError {
  return new RlevError({
    kind: 'ServiceUnavailable',
    message: 'the Tinker server has a checkpoint of this name already',
    place,
    expected: `no ${name} of this model`,
    found: 'one',
    remedy: 'nothing: another model goes on from the newest state',
  })
}
