/** Drawing a token from logits by one uniform number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tf } from '../../../pipelines/graph/tensorflow.js'
import { tidy } from '../../../pipelines/graph/tidy.js'
import { stream } from '../../../pipelines/random.js'
import { draw } from '../../../pipelines/sampling/draw.js'

test('a token is the first whose cumulative probability exceeds the number; a token of probability 0 is never drawn', () => {
  const drawn = (uniforms: number[]) =>
    tf.tidy(() => {
      const logits = tf.tensor2d(uniforms.map(() => [-1e9, Math.log(0.25), -1e9, Math.log(0.5), Math.log(0.25), -1e9]))
      const column = tf.tensor2d(uniforms.map(number => [number]))
      const { ids } = draw({ temperature: 1, logits, uniforms: column, mixed: false, eosTokens: null })
      return [...ids.dataSync()]
    })
  assert.deepEqual(drawn([0, 0.1, 0.24, 0.26, 0.74, 0.76, 1 - 2 ** -24]), [1, 1, 1, 3, 3, 4, 4])
})

test('over vocabularies of many blocks, a token is the one that a plain cumulative sum gives', () => {
  const { uniform: number } = stream(5, 'vocabularies')
  for (const vocabulary of [1, 2, 37, 100, 1009]) {
    const rows = 64
    const logits = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: vocabulary }, (_, token) =>
        token > 0 && number(1, row, token) < 0.3 ? -1e9 : 4 * number(2, row, token),
      ),
    )
    const uniforms = Array.from({ length: rows }, (_, row) =>
      row === 0 ? 1 - 2 ** -24 : row === 1 ? 0 : number(3, row),
    )
    const ids = tidy(
      () =>
        draw({
          ...{ temperature: 1, mixed: false, eosTokens: null },
          logits: tf.tensor2d(logits),
          uniforms: tf.tensor2d(uniforms, [rows, 1]),
        }).ids,
    )
    for (const [row, id] of (ids.dataSync() as Int32Array).entries()) {
      const weights = (logits[row] as number[]).map(logit => Math.exp(logit))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const below = weights.slice(0, id).reduce((sum, weight) => sum + weight, 0) / total
      const upTo = below + (weights[id] as number) / total
      const share = uniforms[row] as number
      assert.ok(weights[id] !== 0, `${vocabulary}, row ${row}: token ${id} has probability 0`)
      assert.ok(below <= share + 1e-5 && share <= upTo + 1e-5, `${vocabulary}, row ${row}: ${below} ${share} ${upTo}`)
    }
    ids.dispose()
  }
})
