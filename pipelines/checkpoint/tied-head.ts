/**
 * A config may say that the head is the embedding (`tie_word_embeddings`), while the files hold a head as well. A copy
 * of the embedding is ignored. Another head belongs to another model: libraries differ in which of the two they take,
 * so it is refused.
 */
import { RlevError } from '../errors.js'
import { readTensors, type SafetensorsFile, type TensorData } from './safetensors-reader.js'

const headName = 'lm_head.weight'
const embeddingName = 'model.embed_tokens.weight'

/** For a tied architecture. Rejects with CheckpointInvalid if the files have a head that differs from the embedding. */
export async function refuseOtherHead(files: readonly SafetensorsFile[]): Promise<void> {
  const place = files.find(({ tensors }) => tensors.has(headName))?.path
  if (place === undefined) return
  const [head, embedding] = [await tensorIn(files, headName), await tensorIn(files, embeddingName)]
  const equal = head?.shape.join() === embedding?.shape.join()
  const differs = equal ? head?.values.findIndex((value, index) => value !== embedding?.values[index]) : 0
  if (differs === -1) return
  throw new RlevError({
    kind: 'CheckpointInvalid',
    message: 'the config says that the head is the embedding, but the files have another head',
    place: `${place}, tensor ${headName}`,
    expected: `no ${headName}, or a copy of ${embeddingName}; or tie_word_embeddings: false in config.json`,
    found: equal ? `another value at position ${differs}` : `shape [${head?.shape.join(', ')}]`,
    remedy: 'correct tie_word_embeddings, or fetch config.json and the weights of one checkpoint',
  })
}

async function tensorIn(files: readonly SafetensorsFile[], name: string): Promise<TensorData | undefined> {
  for (const { path, tensors } of files) {
    const stored = tensors.get(name)
    if (stored === undefined) continue
    for await (const tensor of readTensors({ path, tensors: [stored] })) return tensor
  }
  return undefined
}
