import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RlevError } from '../../../pipelines/errors.js'
import { freshZeros, overwriteRows, rowsOf } from '../../../pipelines/graph/kernels.js'
import { loop } from '../../../pipelines/graph/loop.js'
import { backend } from '../../../pipelines/graph/native.js'
import { type Program, Session } from '../../../pipelines/graph/session.js'
import { type Tensor, tf } from '../../../pipelines/graph/tensorflow.js'
import type { Variable } from '../../../pipelines/graph/variable.js'

const modes = [true, false]
const named = (recorded: boolean) => (recorded ? 'recorded' : 'eager')

/** A session with a weight [3, 3] and a program that takes a step of gradient descent on |x W|^2. */
function descent(recorded: boolean): { session: Session; weight: Variable; step: Program } {
  const session = new Session({ recorded })
  const weight = session.variable({ name: 'weight', shape: [3, 3] })
  const step = session.compile({
    name: 'step',
    inputs: [{ shape: [2, 3] }],
    run: x => {
      const loss = (matrix: Tensor) =>
        tf
          .matMul(x as never, matrix as never)
          .square()
          .sum()
      const { value, grads } = tf.valueAndGrads(loss as never)([weight.read()])
      weight.assign(weight.read().sub((grads[0] as Tensor).mul(0.01)))
      return [value, weight.read().sum()]
    },
  })
  session.assign(new Map([[weight, tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3])]]))
  return { session, weight, step }
}

const x = tf.tensor2d([1, 0, 2, 0, 1, 1], [2, 3])

function numbers(tensors: readonly Tensor[]): number[][] {
  return tensors.map(tensor => {
    const values = Array.from(tensor.dataSync())
    tensor.dispose()
    return values
  })
}

test('a recorded program gives the outputs, gradients and variables of the eager function, in every call', () => {
  const [recorded, eager] = modes.map(descent) as [ReturnType<typeof descent>, ReturnType<typeof descent>]
  for (let call = 0; call < 3; call++) assert.deepEqual(numbers(recorded.step(x)), numbers(eager.step(x)))
  const weights = [recorded, eager].map(({ session, weight }) => numbers(session.read([weight])))
  assert.deepEqual(weights[0], weights[1])
  recorded.session.dispose()
  eager.session.dispose()
})

for (const recorded of modes) {
  test(`variables keep their values when a program is compiled after the first call, ${named(recorded)}`, () => {
    const { session, weight, step } = descent(recorded)
    const [, [sum]] = numbers(step(x)) as [number[], [number]]
    const late = session.compile({ name: 'late', inputs: [], run: () => [weight.read().sum()] })
    assert.deepEqual(numbers(late()), [[sum]])
    session.dispose()
  })

  test(`a variable that is read, assigned and read again gives its old value, then its new value, ${named(recorded)}`, () => {
    const session = new Session({ recorded })
    const variable = session.variable({ name: 'v', shape: [] })
    const program = session.compile({
      name: 'p',
      inputs: [{ shape: [] }],
      run: value => {
        const before = variable.read().mul(1)
        variable.assign(value as Tensor)
        variable.add(tf.scalar(1))
        return [before, variable.read().mul(1)]
      },
    })
    assert.deepEqual(numbers(program(tf.scalar(5))), [[0], [6]])
    assert.deepEqual(numbers(program(tf.scalar(7))), [[6], [8]])
    session.dispose()
  })

  test(`a loop runs while its condition is true, and changes a table in place, ${named(recorded)}`, () => {
    const session = new Session({ recorded })
    const program = session.compile({
      name: 'powers',
      inputs: [{ shape: [2] }, { shape: [], type: 'int32' }],
      run: (base, turns) => {
        const [count, , table] = loop({
          state: [tf.scalar(0, 'int32'), tf.onesLike(base as Tensor), freshZeros([5, 2], 'float32')],
          condition: turn => (turn as Tensor).less(turns as Tensor),
          body: (turn, power, rows) => {
            const next = (power as Tensor).mul(base as Tensor)
            const changed = overwriteRows(rows as Tensor, (turn as Tensor).reshape([1]), next.reshape([1, 2]))
            return [(turn as Tensor).add(tf.scalar(1, 'int32')), next, changed]
          },
        })
        return [count as Tensor, table as Tensor]
      },
    })
    const run = (turns: number) => numbers(program(tf.tensor1d([2, 3]), tf.scalar(turns, 'int32')))
    assert.deepEqual(run(3), [[3], [2, 3, 4, 9, 8, 27, 0, 0, 0, 0]])
    assert.deepEqual(run(0), [[0], new Array(10).fill(0)])
    session.dispose()
  })
}

test('a program that is compiled after the first call costs no run but its own: nothing is read back or fed again', () => {
  const { session, weight, step } = descent(true)
  const [, [sum]] = numbers(step(x)) as [number[], [number]]
  const home = backend()
  const real = home.binding
  let runs = 0
  const runSavedModel: typeof real.runSavedModel = (...args) => {
    runs++
    return real.runSavedModel(...args)
  }
  home.binding = Object.create(real, { runSavedModel: { value: runSavedModel } })
  try {
    const late = session.compile({ name: 'late', inputs: [], run: () => [weight.read().sum()] })
    assert.deepEqual(numbers(late()), [[sum]])
    assert.equal(runs, 1)
  } finally {
    home.binding = real
  }
  session.dispose()
})

test('a run that fails and a function that cannot be recorded leave the session as it was', () => {
  const { session, weight, step } = descent(true)
  const [, [sum]] = numbers(step(x)) as [number[], [number]]
  const row = session.compile({
    name: 'row',
    inputs: [{ shape: [1], type: 'int32' }],
    run: index => [rowsOf(weight.read(), index as Tensor).sum()],
  })
  assert.throws(() => row(tf.tensor1d([7], 'int32')), /7 is not in \[0, 3\)/)
  const foreign = tf.tensor1d([1, 2]).square()
  assert.throws(() => session.compile({ name: 'p', inputs: [], run: () => [weight.read().mul(2), foreign.square()] }))
  const [first] = [0, 1, 2].map(index => numbers(row(tf.tensor1d([index], 'int32')))[0]?.[0] as number)
  const whole = session.compile({ name: 'whole', inputs: [], run: () => [weight.read().sum()] })
  assert.deepEqual(numbers(whole()), [[sum]])
  assert.ok(Number.isFinite(first))
  session.dispose()
})

test('a function that reads a value while it is recorded is refused, and its program named', () => {
  const session = new Session({ recorded: true })
  const read = () =>
    session.compile({
      name: 'curious',
      inputs: [{ shape: [2] }],
      run: input => {
        input?.dataSync()
        return []
      },
    })
  assert.throws(
    read,
    (error: unknown) =>
      error instanceof RlevError && /reads the value/.test(error.message) && /curious/.test(error.message),
  )
  // The addon's binding is back in place, so eager code works again.
  assert.deepEqual([...tf.scalar(2).square().dataSync()], [4])
  session.dispose()
})

test('a function that uses a tensor from outside is refused', () => {
  const session = new Session({ recorded: true })
  const foreign = tf.tensor1d([1, 2]).square()
  assert.throws(
    () => session.compile({ name: 'p', inputs: [{ shape: [2] }], run: input => [(input as Tensor).add(foreign)] }),
    /a tensor from outside/,
  )
  session.dispose()
})

test('programs leave no tensors behind except their outputs, and a disposed session leaves none', () => {
  const before = tf.memory().numTensors
  const session = new Session({ recorded: true })
  const variable = session.variable({ name: 'v', shape: [4] })
  const program = session.compile({
    name: 'p',
    inputs: [{ shape: [4] }],
    run: input => {
      variable.add((input as Tensor).square())
      return [variable.read().sum()]
    },
  })
  const input = tf.ones([4])
  for (let call = 1; call <= 3; call++) assert.deepEqual(numbers(program(input)), [[4 * call]])
  input.dispose()
  session.dispose()
  assert.equal(tf.memory().numTensors, before)
})

test('variables of zeros that are assigned before they are used make no arrays of JavaScript', () => {
  const session = new Session({ recorded: true })
  const before = process.memoryUsage().arrayBuffers
  const made = Array.from({ length: 4 }, (_, index) => session.variable({ name: `${index}`, shape: [1024, 1024] }))
  const ones = tf.fill([1024, 1024], 1)
  session.assign(new Map(made.map(variable => [variable, ones])))
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20)
  const sums = session.compile({ name: 'sums', inputs: [], run: () => made.map(variable => variable.read().sum()) })()
  assert.deepEqual(numbers(sums), Array(4).fill([2 ** 20]))
  session.dispose()
})

test('matrix products in bfloat16 are close to those in float32, but not equal', () => {
  const values = ['float32', 'bfloat16'].map(matrices => {
    const session = new Session({ recorded: true, matrices: matrices as 'float32' | 'bfloat16' })
    const product = session.compile({
      name: 'product',
      inputs: [{ shape: [8, 16] }, { shape: [16, 8] }],
      run: (a, b) => [tf.matMul(a as never, b as never)],
    })
    const table = (rows: number, columns: number) =>
      tf.sin(tf.range(0, rows * columns).mul(1.7)).reshape([rows, columns]) as Tensor
    const [found] = numbers(product(table(8, 16), table(16, 8))) as [number[]]
    session.dispose()
    return found
  }) as [number[], number[]]
  const gaps = values[0].map((value, index) => Math.abs(value - (values[1][index] as number)))
  assert.ok(Math.max(...gaps) > 1e-5 && Math.max(...gaps) < 0.05, `${Math.max(...gaps)}`)
})

test('in bfloat16 a loop gives what single iterations give, with a matrix from outside the loop and one from inside', () => {
  const session = new Session({ recorded: true, matrices: 'bfloat16' })
  const inputs = [{ shape: [4, 4] }, { shape: [4, 4] }]
  const turn = (x: Tensor, matrix: Tensor) => tf.matMul(tf.matMul(x as never, matrix as never) as never, x as never)
  const looped = session.compile({
    name: 'looped',
    inputs,
    run: (x, matrix) => {
      const [, last] = loop({
        state: [tf.scalar(0, 'int32'), x as Tensor],
        condition: count => (count as Tensor).less(tf.scalar(3, 'int32')),
        body: (count, now) => [(count as Tensor).add(tf.scalar(1, 'int32')), turn(now as Tensor, matrix as Tensor)],
      })
      return [last as Tensor]
    },
  })
  const once = session.compile({ name: 'once', inputs, run: (x, matrix) => [turn(x as Tensor, matrix as Tensor)] })
  const table = (factor: number) => tf.sin(tf.range(0, 16).mul(factor)).reshape([4, 4]) as Tensor
  const [x, matrix] = [table(1.7), table(0.9)]
  let one = x
  for (let count = 0; count < 3; count++) one = once(one, matrix)[0] as Tensor
  assert.deepEqual(numbers(looped(x, matrix)), numbers([one]))
  session.dispose()
})
