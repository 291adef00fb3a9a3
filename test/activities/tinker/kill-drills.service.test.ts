/**
 * The server is ended by SIGKILL at every kind of place of a step, and started again by a supervisor. The run must end with the same
 * adapter, to the bit, as one that nothing disturbed; also on a server that counts a repeated request twice.
 */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { ServerSettings } from '../../tinker-server/settings.js'
import { startTinkerServer } from '../../tinker-server/start.js'
import { optionsFor, train } from './steps.js'
import { clientOf } from './tiny-server.js'

let undisturbed: string

/** Digest of the adapter, and how often the server was started again. */
async function drill(settings: Partial<ServerSettings>): Promise<{ digest: string; restarts: number }> {
  const server = await startTinkerServer({ ...settings, supervised: true, resend: 'counted again' })
  try {
    return { digest: await train(optionsFor(clientOf(server.url))), restarts: server.restarts }
  } finally {
    await server.end()
  }
}

before(async () => {
  const { digest, restarts } = await drill({})
  assert.equal(restarts, 0)
  undisturbed = digest
})

/** A step has three requests of forward_backward; the first state is that of step 0. */
const places: NonNullable<ServerSettings['kill']>[] = [
  { operation: 'create_model', nth: 1, at: 'after' },
  { operation: 'save_weights', nth: 1, at: 'during' },
  { operation: 'forward_backward', nth: 1, at: 'before' },
  { operation: 'forward_backward', nth: 2, at: 'after' },
  { operation: 'forward_backward', nth: 5, at: 'during' },
  { operation: 'forward', nth: 6, at: 'before' },
  { operation: 'optim_step', nth: 1, at: 'during' },
  { operation: 'optim_step', nth: 2, at: 'after' },
  { operation: 'save_weights', nth: 2, at: 'before' },
  { operation: 'save_weights', nth: 3, at: 'during' },
  { operation: 'save_weights', nth: 3, at: 'after' },
  { operation: 'save_weights_for_sampler', nth: 1, at: 'during' },
]
for (const kill of places) {
  test(`killed ${kill.at} ${kill.operation} ${kill.nth}: the same adapter`, async () => {
    assert.deepEqual(await drill({ kill }), { digest: undisturbed, restarts: 1 })
  })
}

test('an answer that is lost after forward_backward was taken: the same adapter', async () => {
  const cut = { path: 'forward_backward', nth: 2 }
  assert.deepEqual(await drill({ cut }), { digest: undisturbed, restarts: 0 })
})
