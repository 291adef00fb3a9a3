/** `tf.tidy` with the type of what it runs: tensors made inside are freed, but for those in what it returns, however deep. */
import { tf } from './tensorflow.js'

export function tidy<Result>(run: () => Result): Result {
  return tf.tidy(run as () => never) as Result
}
