import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitStatusOf, failureText } from '../../../commands/program/failure.js'
import { RlevError } from '../../../pipelines/errors.js'

test('a wrong call or config exits with 2, work or services that fail with 1, like every unexpected error', () => {
  const of = (kind: ConstructorParameters<typeof RlevError>[0]['kind']) =>
    exitStatusOf(new RlevError({ kind, message: '' }))
  assert.deepEqual((['CallInvalid', 'ConfigInvalid', 'DataInvalid', 'NotFound'] as const).map(of), [2, 2, 2, 2])
  assert.deepEqual((['ServiceUnavailable', 'NotFinite', 'PartMissing'] as const).map(of), [1, 1, 1])
  assert.equal(exitStatusOf(new TypeError('x is not a function')), 1)
})

test('an error of ours is printed as it is, an unexpected one without its stack but with the way to it', () => {
  const ours = new RlevError({ kind: 'NotFound', message: 'no such run', remedy: 'look again' })
  assert.equal(failureText(ours, { home: '/nowhere', whole: false }), 'no such run\n  to do:    look again')
  const unexpected = new TypeError('x is not a function')
  const text = failureText(unexpected, { home: '/nowhere', whole: false })
  assert.match(text, /^unexpected error: x is not a function\n.*RLEV_DEBUG=1/)
  assert.doesNotMatch(text, /\n {4}at /)
  assert.match(failureText(unexpected, { home: '/nowhere', whole: true }), /\n {4}at /)
})
