/**
 * `tf.tidy` for results of any type: frees the tensors made inside, except those in the result, at any depth,
 * maps included.
 */
import { type Tensor, tf } from './tensorflow.js'

export function tidy<Result>(run: () => Result): Result {
  const returned: Result[] = []
  tf.tidy(() => {
    const result = run()
    returned.push(result)
    return tensorsIn(result)
  })
  return returned[0] as Result
}

function tensorsIn(value: unknown): Tensor[] {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return []
  if (value instanceof tf.Tensor) return [value]
  const inner = value instanceof Map ? [...value.values()] : Object.values(value)
  return inner.flatMap(tensorsIn)
}
