/** Which tensors of a checkpoint's files a decoder or an adapter takes, known from the files' headers. */
import { RlevError } from '../errors.js'
import type { SafetensorsFile, TensorsOfFile } from './safetensors-reader.js'

/**
 * Those that `shapes` names, file by file. Throws CheckpointInvalid, naming the tensor, where one is missing, has another shape, or is in
 * the files and not in `shapes`, unless it `mayBeLeft`. `place` is the file, or the index, that should name all of them.
 */
export function fittingTensors({
  files,
  shapes,
  place,
  mayBeLeft = () => false,
}: {
  files: readonly SafetensorsFile[]
  shapes: ReadonlyMap<string, readonly number[]>
  place: string
  mayBeLeft?: (name: string) => boolean
}): TensorsOfFile[] {
  const missing = new Map(shapes)
  const fitting = files.map(({ path, tensors }) => ({
    path,
    tensors: [...tensors.values()].filter(({ name, shape }) => {
      const wanted = shapes.get(name)
      if (wanted === undefined) {
        if (mayBeLeft(name)) return false
        throw unfit(path, `tensor ${name} belongs to nothing that the config describes`, { found: listed(shape) })
      }
      if (wanted.join() !== shape.join()) {
        throw unfit(path, `tensor ${name} has the wrong shape`, { expected: listed(wanted), found: listed(shape) })
      }
      missing.delete(name)
      return true
    }),
  }))
  for (const [name, shape] of missing) throw unfit(place, `tensor ${name} is missing`, { expected: listed(shape) })
  return fitting
}

const listed = (shape: readonly number[]): string => `[${shape.join(', ')}]`

function unfit(place: string, message: string, shapes: { expected?: string; found?: string }): RlevError {
  return new RlevError({
    kind: 'CheckpointInvalid',
    message,
    place,
    ...shapes,
    remedy: 'the tensors do not fit their config; use the files of one checkpoint',
  })
}
