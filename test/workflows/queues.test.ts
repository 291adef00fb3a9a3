/** A worker gets only what it can do, because the names of queues say what that is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameEngine } from '../../activities/machine/same-engine.js'
import { workflowIdOf } from '../../pipelines/config/names.js'
import { buildOf, engineOf, engineQueue, queuesBeside, queuesOf, workflowIdBeside } from '../../workflows/queues.js'

const code = '0123456789abcdef'
const mine = queuesOf({ home: '11111111', code })

test('homes, versions of the code and engines share no queue', () => {
  const others = [queuesOf({ home: '22222222', code }), queuesOf({ home: '11111111', code: 'f'.repeat(16) })]
  const names = [mine, ...others].flatMap(queues => Object.values(queues))
  assert.equal(new Set(names).size, 9)
  const engines = [
    'TensorFlow 2.21.0 on the processor, Node 20; AMD EPYC',
    'TensorFlow 2.21.0 on a card, Node 20; H200',
  ]
  const byEngine = engines.map(engine => engineQueue(mine.gpu, engine))
  assert.deepEqual(byEngine, [
    'rlev-gpu.11111111.0123456789ab.TensorFlow-2.21.0-on-the-processor-Node-20-AMD-EPYC',
    'rlev-gpu.11111111.0123456789ab.TensorFlow-2.21.0-on-a-card-Node-20-H200',
  ])
  assert.equal(engineOf(byEngine[1] ?? ''), 'TensorFlow-2.21.0-on-a-card-Node-20-H200')
  assert.equal(engineOf(mine.gpu), null)
  const threads = 'TensorFlow 2.21.0 on the processor, Node 20, 2 threads; AMD EPYC'
  assert.equal(engineQueue(mine.gpu, threads), byEngine[0])
})

test('a workflow keeps to the home and version that began it, also one whose names say neither', () => {
  assert.deepEqual(queuesBeside(mine.workflows), mine)
  assert.equal(buildOf(mine.workflows), '0123456789ab')
  assert.deepEqual(queuesBeside('rlev'), { workflows: 'rlev', io: 'rlev-io', gpu: 'rlev-gpu' })
  assert.equal(buildOf('rlev'), null)
})

test('runs of one name in two homes are two workflows, and experiments are of the home of their sweep', () => {
  assert.notEqual(workflowIdOf('exam', '11111111'), workflowIdOf('exam', '22222222'))
  const sweep = workflowIdOf('exam', '11111111')
  assert.equal(workflowIdBeside(sweep, 'exam/a/seed-1'), workflowIdOf('exam/a/seed-1', '11111111'))
  assert.equal(workflowIdBeside('exam', 'exam/a/seed-1'), 'exam/a/seed-1')
})

test('another processor is another engine, unless the run began before engines named it', () => {
  const library = 'TensorFlow 2.21.0 on the processor, tfjs 4.22.0, Node 20'
  assert.ok(isSameEngine(library, `${library}; AMD EPYC 7B13`))
  assert.ok(isSameEngine(`${library}; AMD EPYC 7B13`, `${library}; AMD EPYC 7B13`))
  assert.ok(!isSameEngine(`${library}; AMD EPYC 7B13`, `${library}; Intel Xeon`))
  assert.ok(!isSameEngine(`${library}; AMD EPYC 7B13`, library))
  assert.ok(!isSameEngine(library, 'TensorFlow 2.21.0 on a card, tfjs 4.22.0, Node 20; H200'))
})
