/**
 * Writes safetensors files in F32, tensor by tensor, with at most one in memory here. Names are sorted, so that
 * equal tensors and metadata give equal files, and the file's digest identifies the weights.
 */
import { writeFile } from 'node:fs/promises'
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
  }: { tensors: ReadonlyMap<string, WritableTensor>; metadata?: Readonly<Record<string, string>> },
): Promise<void> {
  await writeFile(path, pieces(tensors, metadata))
}

async function* pieces(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<NodeJS.TypedArray> {
  const sorted = [...tensors].sort(([a], [b]) => byCodeUnit(a, b))
  yield headerBytes({ tensors: sorted.map(([name, { shape }]) => ({ name, type: 'F32', shape })), metadata })
  for (const [, tensor] of sorted) yield await tensor.data()
}
