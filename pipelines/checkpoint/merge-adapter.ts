/**
 * A checkpoint with its adapter in the weights: W + (alpha / r) B A, rounded once to float32 from sums in float64. PEFT's
 * `merge_and_unload` adds in float32, so the last bits may differ. Reads and writes files tensor by tensor, without
 * TensorFlow.
 *
 * Legend: r rank; W [out, in]; A [r, in]; B [out, r].
 */
import { join } from 'node:path'
import { adapterPrefix, readAdapter } from './adapter-config.js'
import { checkCheckpoint } from './checked-checkpoint.js'
import { weightsFile } from './checkpoint-files.js'
import { readTensors, type TensorData, type TensorsOfFile } from './safetensors-reader.js'
import { type WritableTensor, writeSafetensors } from './safetensors-writer.js'

/** Writes `model.safetensors` into `target`. Throws CheckpointInvalid. */
export async function mergeAdapter(options: { base: string; adapter: string; target: string }): Promise<void> {
  const { base, adapter, target } = options
  const { architecture, weights } = checkCheckpoint(base)
  const { rank, alpha, files } = readAdapter({ folder: adapter, architecture })
  const parts = new Map<string, TensorData>()
  for (const file of files) for await (const tensor of readTensors(file)) parts.set(tensor.name, tensor)
  const tensors = new Map<string, WritableTensor>()
  for (const ofFile of weights) {
    for (const tensor of ofFile.tensors) {
      const { name, shape } = tensor
      const stem = name.replace(/\.weight$/, '')
      const [a, b] = ['A', 'B'].map(letter => parts.get(`${adapterPrefix}${stem}.lora_${letter}.weight`))
      const data = async (): Promise<Float32Array> => {
        const values = await only({ ...ofFile, tensors: [tensor] })
        return a === undefined || b === undefined ? values : added(values, { a, b, scale: alpha / rank })
      }
      tensors.set(name, { shape, data })
    }
  }
  await writeSafetensors(join(target, weightsFile), { tensors, metadata: { format: 'pt' } })
}

async function only(one: TensorsOfFile): Promise<Float32Array> {
  for await (const { values } of readTensors(one)) return values
  throw new Error(`${one.path} has no such tensor`)
}

function added(weights: Float32Array, { a, b, scale }: { a: TensorData; b: TensorData; scale: number }): Float32Array {
  const [rank = 0, width = 0] = a.shape
  const [rows = 0] = b.shape
  const merged = new Float32Array(weights.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) {
      let sum = 0
      for (let k = 0; k < rank; k++)
        sum += (b.values[row * rank + k] as number) * (a.values[k * width + column] as number)
      merged[row * width + column] = (weights[row * width + column] as number) + scale * sum
    }
  }
  return merged
}
