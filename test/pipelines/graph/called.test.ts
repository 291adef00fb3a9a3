import assert from 'node:assert/strict'
import { test } from 'node:test'
import { called } from '../../../pipelines/graph/called.js'
import { loop } from '../../../pipelines/graph/loop.js'
import type { MatrixType } from '../../../pipelines/graph/recording.js'
import { Session } from '../../../pipelines/graph/session.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'

const table = (factor: number) => tf.sin(tf.range(0, 16).mul(factor)).reshape([4, 4]) as Tensor
const product = (a: Tensor, b: Tensor): Tensor => tf.matMul(a as never, b as never)

interface StackOptions {
  apart: boolean
  checkpointing?: boolean
  /** Values of a layer. */
  values?: 1 | 2
}

/** Three layers: x + tanh(x W) s and, as a second value, 2 x W. Counts how often one is recorded. */
function stack({ apart, checkpointing = false, values = 1 }: StackOptions) {
  const counted = { runs: 0 }
  const layer = (inputs: readonly Tensor[], constants: readonly Tensor[]): Tensor[] => {
    counted.runs++
    const [x, matrix] = inputs as [Tensor, Tensor]
    const both = product(x, matrix)
    const after = x.add(both.tanh().mul(constants[0] as Tensor))
    return values === 1 ? [after] : [after, both.mul(2)]
  }
  const loss = (x: Tensor, matrices: readonly Tensor[], scale: Tensor): Tensor => {
    let now = x
    let beside = tf.scalar(0) as Tensor
    for (const matrix of matrices) {
      const shapes = Array.from({ length: values }, () => now.shape)
      const inputs = [now, matrix]
      const [after, more] = apart
        ? called({ name: 'layer', shapes, inputs, constants: [scale], run: layer, checkpointing })
        : layer(inputs, [scale])
      now = after as Tensor
      if (more !== undefined) beside = beside.add(more.square().mean())
    }
    return now.square().mean().add(beside)
  }
  return { loss, counted }
}

/** The loss and its gradients by the matrices. */
function gradientsOf(options: StackOptions & { recorded: boolean; matrices?: MatrixType }) {
  const { recorded, matrices = 'float32' } = options
  const { loss, counted } = stack(options)
  const session = new Session({ recorded, matrices })
  const program = session.compile({
    name: 'gradients',
    inputs: Array.from({ length: 5 }, () => ({ shape: [4, 4] })),
    run: (x, scale, ...weights) => {
      const { value, grads } = tf.valueAndGrads(((...under: Tensor[]) =>
        loss(x as Tensor, under, scale as Tensor)) as never)(weights)
      return [value, ...grads, loss(x as Tensor, weights, scale as Tensor)]
    },
  })
  const outputs = program(table(0.3), table(1.1), table(0.7), table(0.9), table(1.7))
  const values = outputs.map(output => Array.from(output.dataSync()))
  session.dispose()
  return { values, runs: counted.runs }
}

for (const matrices of ['float32', 'bfloat16'] as const) {
  for (const checkpointing of [false, true]) {
    test(`layers that call one function give what layers in place give, ${matrices}, checkpointing ${checkpointing}`, () => {
      const apart = gradientsOf({ recorded: true, matrices, apart: true, checkpointing })
      assert.deepEqual(apart.values, gradientsOf({ recorded: true, matrices, apart: false }).values)
    })
  }
}

for (const checkpointing of [false, true]) {
  test(`two values of a function give the gradient of the parts in place, checkpointing ${checkpointing}`, () => {
    const apart = gradientsOf({ recorded: true, apart: true, checkpointing, values: 2 }).values.flat()
    const inPlace = gradientsOf({ recorded: true, apart: false, values: 2 }).values.flat()
    // Each value has its own backward pass, so the terms are added in another order.
    for (const [place, value] of apart.entries()) {
      assert.ok(Math.abs(value - (inPlace[place] as number)) < 1e-5 * Math.max(1, Math.abs(value)), `${place}`)
    }
  })
}

test('a function is recorded once for all its calls, once more for its gradient; without a recording it runs in place', () => {
  assert.equal(gradientsOf({ recorded: true, apart: true }).runs, 2)
  assert.equal(gradientsOf({ recorded: true, apart: false }).runs, 6)
  assert.equal(gradientsOf({ recorded: false, apart: true }).runs, 6)
})

test('a value has no gradient for inputs that it does not depend on', () => {
  const session = new Session({ recorded: true })
  const program = session.compile({
    name: 'p',
    inputs: [{ shape: [4, 4] }, { shape: [4, 4] }],
    run: (a, b) => {
      const gradients = tf.grads(((x: Tensor, y: Tensor) => {
        const run = ([p, q]: readonly Tensor[]) => [(p as Tensor).square(), product(p as Tensor, q as Tensor)]
        const [square, both] = called({ name: 'two', shapes: [x.shape, x.shape], inputs: [x, y], run })
        return (square as Tensor).sum().add((both as Tensor).mul(0).sum())
      }) as never)([a as Tensor, b as Tensor])
      return [
        (gradients[0] as Tensor)
          .sub((a as Tensor).mul(2))
          .abs()
          .max(),
        (gradients[1] as Tensor).abs().max(),
      ]
    },
  })
  const [first, second] = program(table(1), table(2))
  assert.deepEqual([first?.dataSync()[0], second?.dataSync()[0]], [0, 0])
  session.dispose()
})

test('a function is called in a loop, with a matrix from outside that is rounded once', () => {
  const session = new Session({ recorded: true, matrices: 'bfloat16' })
  const run = (apart: boolean) =>
    session
      .compile({
        name: `turns ${apart}`,
        inputs: [{ shape: [4, 4] }, { shape: [4, 4] }],
        run: (x, matrix) => {
          const turn = ([now, by]: readonly Tensor[]) => [product(now as Tensor, by as Tensor)]
          const [, last] = loop({
            state: [tf.scalar(0, 'int32'), x as Tensor],
            condition: count => (count as Tensor).less(tf.scalar(3, 'int32')),
            body: (count, now) => {
              const pair = [now as Tensor, matrix as Tensor]
              const [next] = apart
                ? called({
                    name: 'turn',
                    shapes: [[4, 4]],
                    inputs: [],
                    constants: pair,
                    run: (_, given) => turn(given),
                  })
                : turn(pair)
              return [(count as Tensor).add(tf.scalar(1, 'int32')), next as Tensor]
            },
          })
          return [last as Tensor]
        },
      })(table(0.7), table(1.3))[0]
      ?.dataSync()
  assert.deepEqual(run(true), run(false))
  session.dispose()
})

test('a function that gives another shape than it says, or uses a tensor from outside, is refused', () => {
  const session = new Session({ recorded: true })
  const compile = (run: (inputs: readonly Tensor[], outer: Tensor) => Tensor) => () =>
    session.compile({
      name: 'p',
      inputs: [{ shape: [4, 4] }, { shape: [4, 4] }],
      run: (a, b) =>
        called({
          name: `${run}`,
          shapes: [[4, 4]],
          inputs: [],
          constants: [a as Tensor],
          run: (_, given) => [run(given, b as Tensor)],
        }),
    })
  assert.throws(
    compile(([x]) => (x as Tensor).sum()),
    /gives float32 \[\] and not float32 \[4,4\]/,
  )
  assert.throws(
    compile(([x], outer) => (x as Tensor).add(outer)),
    /a tensor from outside/,
  )
  session.dispose()
})
