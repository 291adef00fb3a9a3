/** The provenance of a run names the threads if they are more than one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { computesOn } from '../../../activities/machine/computes-on.js'
import { libraryOfThisProcess } from '../../../pipelines/graph/library.js'

test('with one thread the text is that of older runs, with more it names them', () => {
  assert.equal(computesOn({}), libraryOfThisProcess())
  assert.equal(computesOn({ TF_NUM_INTRAOP_THREADS: '1' }), libraryOfThisProcess())
  assert.equal(computesOn({ TF_NUM_INTRAOP_THREADS: '2' }), `${libraryOfThisProcess()}, 2 threads`)
})
