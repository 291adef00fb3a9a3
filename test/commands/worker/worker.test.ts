/** A worker that is started by hand, where its home is not. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { callHere } from '../call-here.js'

const home = mkdtempSync(join(tmpdir(), 'rlev-unmounted-'))
after(() => rmSync(home, { recursive: true, force: true }))

for (const queue of ['rlev', 'rlev-gpu', 'all']) {
  test(`a worker of ${queue} refuses a folder in which no home is mounted, and writes nothing there`, async () => {
    const { status, out, err } = await callHere('worker', '--queue', queue, '--home', home)
    assert.equal(status, 2, err)
    assert.match(err, /the home of this worker is not there[\s\S]*home-id[\s\S]*mount the shared home there/)
    assert.ok(err.includes(home))
    assert.doesNotMatch(out, /ready/)
    assert.deepEqual(readdirSync(home), [])
  })
}

test('and one that is no folder at all', async () => {
  const { status, err } = await callHere('worker', '--queue', 'rlev', '--home', join(home, 'absent'))
  assert.equal(status, 2, err)
  assert.match(err, /no such folder/)
})
