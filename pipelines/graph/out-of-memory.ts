/** Which TensorFlow errors mean that memory ran out. The JavaScript binding passes only their text on. */

const signs = [
  /OOM when allocating/i,
  /resource_?exhausted/i,
  /std::bad_alloc/,
  /failed to allocate memory/i,
  /CUDA_ERROR_OUT_OF_MEMORY/,
  /Array buffer allocation failed/,
]

/**
 * Whether an error or its cause says that memory ran out. A process that the system kills for memory throws
 * nothing.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return typeof error === 'string' && signs.some(sign => sign.test(error))
  return signs.some(sign => sign.test(error.message)) || (error.cause !== undefined && isOutOfMemory(error.cause))
}
