/** The provenance of a run names the threads if they are more than one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { computesOn } from '../../../activities/machine/computes-on.js'
import { threadsIn } from '../../../activities/machine/engine-threads.js'
import { libraryOfThisProcess } from '../../../pipelines/graph/library.js'

test('with one thread the text is that of older runs, with more it names them', () => {
  assert.equal(computesOn({}), libraryOfThisProcess())
  assert.equal(computesOn({ TF_NUM_INTRAOP_THREADS: '1' }), libraryOfThisProcess())
  assert.equal(computesOn({ TF_NUM_INTRAOP_THREADS: '2' }), `${libraryOfThisProcess()}, 2 threads`)
})

test('a worker reads the threads of a run from what it computes on, which a card has not', () => {
  const on = (place: string) => `TensorFlow 2.21.0 on ${place}, tfjs 4.22.0, Node 20`
  assert.equal(threadsIn(on('the processor')), 1)
  assert.equal(threadsIn(`${on('the processor')}, 12 threads; AMD EPYC`), 12)
  assert.equal(threadsIn(`${on('a card')}; H200`), undefined)
  assert.equal(threadsIn(null), undefined)
})
