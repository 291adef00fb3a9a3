/** The bench's batch: what every candidate is given, and how much arithmetic it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchArchitecture } from '../../../pipelines/model/architecture.js'
import { tensorShapes } from '../../../pipelines/model/tensor-shapes.js'
import { stream } from '../../../pipelines/random.js'
import { characterTokenizer } from '../../../pipelines/tokenizer/tokenizer.js'
import { alphabetOf } from '../../../scripts/bench/candidates/random-policy.js'
import { forwardOperations, updateWork } from '../../../scripts/bench/limit.js'
import { forStep, parametersOf, rowsOf, type Size, sizeNames, sizeOf } from '../../../scripts/bench/sizes.js'
import { plannedLengths, promptTokens } from '../../../scripts/bench/workload.js'
import { tinyConfig } from '../../pipelines/model/tiny-policy.js'

const sizes = sizeNames.map(sizeOf)

/** Elements of every tensor whose name the pattern holds for. */
function elements(size: Size, holds: RegExp): number {
  const { policy } = tinyConfig({ policy: { from: 'scratch', ...shapeOf(size) } })
  if (policy.from !== 'scratch') throw new TypeError('made from scratch')
  return [...tensorShapes(scratchArchitecture(policy, size.vocabulary))]
    .filter(([name]) => holds.test(name))
    .reduce((sum, [, shape]) => sum + shape.reduce((product, length) => product * length, 1), 0)
}

const shapeOf = ({ width, layers, heads, keyValueHeads, mlpWidth, tied }: Size) => ({
  width,
  layers,
  heads,
  keyValueHeads,
  mlpWidth,
  tied,
})

test('planned lengths have a mean of a quarter of the limit, and one of them reaches it', () => {
  for (const size of sizes) {
    const lengths = plannedLengths(size)
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
    assert.equal(lengths.length, rowsOf(size))
    assert.ok(Math.abs(mean / size.completionTokens - 0.25) < 0.01, `${size.name}: ${mean}`)
    assert.equal(Math.max(...lengths), size.completionTokens)
    assert.ok(lengths.every(length => Number.isInteger(length) && length >= 1))
    assert.deepEqual(plannedLengths(size), lengths)
  }
})

test('prompts are the same in every process, others at every step, and hold neither padding nor the end', () => {
  for (const size of sizes) {
    const prompts = promptTokens(size)
    assert.deepEqual(promptTokens(size), prompts)
    assert.notDeepEqual(promptTokens(size, 1), prompts)
    assert.equal(prompts.length, size.prompts)
    assert.ok(prompts.every(tokens => tokens.length === size.promptTokens))
    assert.ok(prompts.flat().every(token => token >= 0 && token < size.vocabulary - 2))
  }
})

test('a text keeps every token of a large vocabulary, whichever are neighbours', () => {
  const { decode, encode } = characterTokenizer(alphabetOf({ ...sizeOf('small'), vocabulary: 49_152 }))
  const ids = Array.from({ length: 49_150 }, (_, id) => id)
  const order = stream(1, 'neighbours').permutation(ids.length)
  for (const tokens of [ids, order]) assert.deepEqual(encode(decode(tokens)), tokens)
})

test('the parameters of a size are the elements of the tensors that a policy of its shape has', () => {
  for (const size of sizes) assert.equal(parametersOf(size), elements(size, /./))
})

test('the necessary operations are those of the products, counted token by token, each prompt once', () => {
  for (const size of [...sizes, forStep(sizeOf('smollm2'))]) {
    const perToken = 2 * elements(size, /proj\.weight$/)
    const perLogits = 2 * size.vocabulary * size.width
    const attention = (tokens: number) => 4 * size.width * size.layers * tokens
    for (const lengths of [plannedLengths(size), new Array<number>(rowsOf(size)).fill(size.completionTokens)]) {
      let operations = 0
      for (let prompt = 0; prompt < size.prompts; prompt++)
        for (let token = 1; token <= size.promptTokens; token++) operations += perToken + attention(token)
      for (const length of lengths) {
        for (let token = 1; token <= length; token++) {
          operations += perLogits
          // The last token is drawn and not fed.
          if (token < length) operations += perToken + attention(size.promptTokens + token)
        }
      }
      assert.equal(forwardOperations(size, lengths), operations)
    }
    const whole = new Array<number>(rowsOf(size)).fill(size.completionTokens)
    assert.equal(updateWork(size).operations, 3 * forwardOperations(size, whole))
  }
})
