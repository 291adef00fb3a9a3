/** Selects the tensors that a decoder or an adapter needs from the headers of a checkpoint's files. */
import { RlevError } from '../errors.js'
import type { SafetensorsFile, TensorsOfFile } from './safetensors-reader.js'

/**
 * The tensors that `shapes` names, file by file. Throws CheckpointInvalid, which names the tensor, if one is
 * missing, has another shape, or is in the files but not in `shapes`. `mayIgnore` says which of the last may be
 * ignored. `place` is the file or index that should name all tensors.
 */
export function fittingTensors({
  files,
  shapes,
  place,
  mayIgnore = () => false,
}: {
  files: readonly SafetensorsFile[]
  shapes: ReadonlyMap<string, readonly number[]>
  place: string
  mayIgnore?: (name: string) => boolean
}): TensorsOfFile[] {
  const missing = new Map(shapes)
  const fitting = files.map(({ path, tensors }) => ({
    path,
    tensors: [...tensors.values()].filter(({ name, shape }) => {
      const wanted = shapes.get(name)
      if (wanted === undefined) {
        if (mayIgnore(name)) return false
        throw unfit(path, `tensor ${name} is not part of the architecture in the config`, { found: listed(shape) })
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
