/** Whether the bundle of the workflows is as new as every compiled workflow, also those in folders. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { bundleOf, isBundleFresh } from '../../../commands/worker/bundle-age.mjs'

test('a bundle is fresh until a workflow is compiled after it, in whichever folder', t => {
  const build = mkdtempSync(join(tmpdir(), 'rlev-bundle-'))
  t.after(() => rmSync(build, { recursive: true }))
  const made = (path: string, second: number) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
    utimesSync(path, second, second)
  }
  const workflow = (name: string) => join(build, 'workflows', name)
  made(workflow('index.js'), 10)
  assert.equal(isBundleFresh(build), false, 'there is none')
  made(bundleOf(build), 20)
  assert.equal(isBundleFresh(build), true)
  made(workflow('batches/large.js.map'), 30)
  assert.equal(isBundleFresh(build), true, 'no workflow')
  made(workflow('batches/large.js'), 30)
  assert.equal(isBundleFresh(build), false)
})
