/** A worker that is started by hand, where its home is not. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
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

test('a worker leaves TensorFlow to its engine process', async () => {
  const folder = new URL('../../../commands/worker/', import.meta.url)
  const loads = `
    for (const name of ['worker.js', 'policy-worker.js']) await import(new URL(name, ${JSON.stringify(folder.href)}))
    await import(new URL('../../activities/io-activities.js', ${JSON.stringify(folder.href)}))
    console.log(process.report.getReport().sharedObjects.filter(path => path.includes('tensorflow')).length)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', loads])
  assert.equal(stdout.trim(), '0')
})
