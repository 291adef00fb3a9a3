/**
 * Writes safetensors files, tensor by tensor, with at most one in memory here. Names are sorted, so that equal tensors
 * and metadata give equal files, and the file's digest identifies the weights.
 */
import { writeFile } from 'node:fs/promises'
import { bfloat16 } from './narrow-numbers.js'
import { byCodeUnit, headerBytes } from './safetensors.js'

/** A tensor whose values are read when it is written, such as one of tfjs. */
export interface WritableTensor {
  shape: readonly number[]
  /** Row-major, float32. */
  data(): Promise<NodeJS.TypedArray>
}

export async function writeSafetensors(
  path: string,
  {
    tensors,
    metadata = {},
    type = 'F32',
  }: {
    tensors: ReadonlyMap<string, WritableTensor>
    metadata?: Readonly<Record<string, string>>
    /** BF16: rounded to the nearest, ties to even. */
    type?: 'F32' | 'BF16'
  },
): Promise<void> {
  await writeFile(path, pieces(tensors, metadata, type))
}

async function* pieces(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>>,
  type: 'F32' | 'BF16',
): AsyncGenerator<NodeJS.TypedArray> {
  const sorted = [...tensors].sort(([a], [b]) => byCodeUnit(a, b))
  yield headerBytes({ tensors: sorted.map(([name, { shape }]) => ({ name, type, shape })), metadata })
  for (const [, tensor] of sorted) {
    const values = await tensor.data()
    yield type === 'F32' ? values : bfloat16(values as Float32Array)
  }
}
