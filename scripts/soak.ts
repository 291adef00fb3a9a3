/**
 * `npm run soak`: trains the tiny policy for many steps by the functions that a run calls (rollout, reward, update), and tells
 * whether memory stays flat: resident size and tensors alive after an early step and after the last, each after a garbage
 * collection, because uncollected objects vary by 200 MiB.
 * Usage, after the build:  npm run soak -- [--steps N] [--from N] [--warm-start N] [--engine eager|recorded|recorded-bfloat16]
 */
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { experimentSchema } from '../pipelines/config/schema.js'
import { tf } from '../pipelines/graph/tensorflow.js'
import { engineNames, engineSection } from './bench/engine.js'
import { trainDirectly } from './direct-training.js'
import { residentSize } from './resident.js'

const { values: given } = parseArgs({
  options: {
    steps: { type: 'string', default: '2000' },
    from: { type: 'string', default: '200' },
    'warm-start': { type: 'string', default: '300' },
    engine: { type: 'string', default: 'recorded' },
  },
})
const engine = engineNames.find(name => name === given.engine)
if (engine === undefined) throw new TypeError(`--engine: one of ${engineNames.join(', ')}`)
const [steps, from] = [Number(given.steps), Number(given.from)]
const config = experimentSchema.parse({
  name: 'soak',
  steps,
  data: { source: 'synthetic', exam: 'v7' },
  // Enough that some answers are right, so that steps have something to push.
  warmStart: { steps: Number(given['warm-start']) },
  ...engineSection(engine),
})

setFlagsFromString('--expose-gc')
const collectOnce: () => void = runInNewContext('gc')

/** Twice: what the first lets go, its finalizers free, and its pages are given back by the second. */
function collectGarbage(): void {
  collectOnce()
  collectOnce()
}

interface Reading {
  step: number
  resident: number
  tensors: number
}
const readings: Reading[] = []
let skipped = 0
let began = performance.now()
await trainDirectly({
  config,
  onBegin() {
    began = performance.now()
  },
  onStep(step, metrics) {
    skipped += metrics['update/skipped'] as number
    if (step % from !== 0 && step !== steps) return
    collectGarbage()
    const reading = { step, resident: residentSize().now, tensors: tf.memory().numTensors }
    readings.push(reading)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    console.error(`step ${step}: ${mebibytes(reading.resident)} resident, ${reading.tensors} tensors, ${seconds} s`)
  },
})

const [first, last] = [readings[0], readings.at(-1)]
if (first === undefined || last === undefined) throw new RangeError('--steps: at least 1')
const milliseconds = (performance.now() - began) / steps
console.log(`${engine}, ${steps} steps, ${skipped} of them without an update, ${milliseconds.toFixed(0)} ms a step`)
console.log(
  `resident size: step ${first.step} ${mebibytes(first.resident)}, step ${last.step} ${mebibytes(last.resident)}`,
)
console.log(`ratio ${(last.resident / first.resident).toFixed(3)}; tensors alive: ${first.tensors}, ${last.tensors}`)

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}
