/** `tf.tidy` with the type of what it runs: tensors made inside are freed, but for those in what it returns, however deep, maps included. */
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
