/** Refusals of Tinker servers, by what they say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refused } from '../../../activities/tinker/errors.js'

const at = (path: string) => `POST http://127.0.0.1:8000/api/v1/${path}`

test('a server that takes passes in protobuf only, as SkyRL 0.4.0 does, is refused by name', () => {
  const noForward = refused(at('forward'), { status: 404, said: '{"detail":"Not Found"}' })
  const noJson = refused(at('forward_backward'), {
    status: 415,
    said: '{"detail":"forward_backward requires a application/x-protobuf body (tinker SDK >= 0.25.0)"}',
  })
  for (const error of [noForward, noJson]) {
    assert.equal(error.kind, 'CallInvalid')
    assert.match(error.message, /takes no passes in JSON/)
    assert.match(error.message, /SkyRL 0\.3\.0/)
  }
})

test('a model that is gone is no server without JSON', () => {
  const gone = refused(at('forward'), { status: 404, said: '{"detail":"Model not found"}' })
  assert.equal(gone.kind, 'EngineEnded')
  const other = refused(at('optim_step'), { status: 404, said: '{"detail":"Not Found"}' })
  assert.doesNotMatch(other.message, /JSON/)
})
