/** The content of a GGUF file as a checkpoint's folder in Hugging Face form. Equal files give folders of equal bytes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sizeOf } from '../../model/tensor-shapes.js'
import { loadTokenizer } from '../../tokenizer/tokenizer-folder.js'
import { checkCheckpoint } from '../checked-checkpoint.js'
import { weightsFile } from '../checkpoint-files.js'
import { type WritableTensor, writeSafetensors } from '../safetensors-writer.js'
import { openGguf } from './gguf-file.js'

export interface WriteFolderOptions {
  file: string
  /** An empty folder. */
  folder: string
  dtype: 'float32' | 'bfloat16'
  /** Called before each tensor is read, with the number of those before it. */
  onTensor?: (done: number, of: number) => void
}

export interface WrittenFolder {
  parameters: number
  /** Of the weights. */
  bytes: number
}

/** Rejects with CheckpointInvalid; the folder is then incomplete. */
export async function writeGgufFolder({ file, folder, dtype, onTensor }: WriteFolderOptions): Promise<WrittenFolder> {
  const { config, tokenizer, tensors, close } = await openGguf(file)
  try {
    const json = (name: string, content: unknown) =>
      writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
    await json('config.json', { ...config, dtype })
    await json('generation_config.json', tokenizer.ids)
    await json('tokenizer.json', tokenizer.tokenizer)
    await json('tokenizer_config.json', tokenizer.config)
    const type = dtype === 'float32' ? 'F32' : 'BF16'
    await writeSafetensors(join(folder, weightsFile), {
      tensors: counted(tensors, onTensor),
      metadata: { format: 'pt' },
      type,
    })
    // As a run will read it.
    loadTokenizer(folder, checkCheckpoint(folder).config)
    const parameters = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    return { parameters, bytes: parameters * (type === 'F32' ? 4 : 2) }
  } finally {
    await close()
  }
}

function counted(
  tensors: ReadonlyMap<string, WritableTensor>,
  onTensor: WriteFolderOptions['onTensor'],
): Map<string, WritableTensor> {
  let done = 0
  const data = ({ data }: WritableTensor) => {
    onTensor?.(done++, tensors.size)
    return data()
  }
  return new Map([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: () => data(tensor) }]))
}
