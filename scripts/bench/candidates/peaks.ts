/**
 * What the machine reaches by TensorFlow with all threads: products of square matrices in float32 and in bfloat16,
 * and the bytes that are read a second from memory.
 */
import { performance } from 'node:perf_hooks'
import type { MatrixType } from '../../../pipelines/graph/recording.js'
import { Session } from '../../../pipelines/graph/session.js'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import type { Peaks } from './protocol.js'

/** Sides of the matrices. */
const sides = [512, 1024, 2048]

/** Elements that are read: 256 MiB, more than any cache. */
const read = 2 ** 26

export function machinePeaks(): Peaks {
  return { float32: products('float32'), bfloat16: products('bfloat16'), memory: memoryReading() }
}

/** GFLOP/s by the side. In bfloat16 each product rounds its two matrices first. */
function products(matrices: MatrixType): Record<string, number> {
  const session = new Session({ recorded: true, matrices })
  try {
    const speeds = sides.map(side => {
      const [a, b] = ['a', 'b'].map(name => {
        const variable = session.variable({ name: `${name}${side}`, shape: [side, side] })
        const value = tf.randomNormal([side, side])
        session.assign(new Map([[variable, value]]))
        value.dispose()
        return variable
      })
      if (a === undefined || b === undefined) throw new TypeError('a product has two matrices')
      const program = session.compile({
        name: `product${side}`,
        inputs: [],
        run: () => [tf.matMul(a.read() as never, b.read() as never)],
      })
      const seconds = fastest(() => tf.dispose(program()))
      return [String(side), (2 * side ** 3) / seconds / 1e9] as const
    })
    return Object.fromEntries(speeds)
  } finally {
    session.dispose()
  }
}

/** GB/s of the faster of a sum and of a product with a vector, which read each number once. */
function memoryReading(): number {
  const side = Math.sqrt(read)
  const [matrix, vector] = [tf.ones([side, side]), tf.ones([1, side])]
  const seconds = Math.min(
    fastest(() => tf.sum(matrix).dispose()),
    fastest(() => tf.matMul(vector, matrix).dispose()),
  )
  tf.dispose([matrix, vector])
  return (4 * read) / seconds / 1e9
}

/** Seconds of the fastest call within a quarter of a second, the first one not counted. */
function fastest(call: () => void): number {
  call()
  let best = Number.POSITIVE_INFINITY
  const until = performance.now() + 250
  do {
    const began = performance.now()
    call()
    best = Math.min(best, performance.now() - began)
  } while (performance.now() < until)
  return best / 1000
}
