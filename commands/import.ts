/** `rlev import FILE.gguf FOLDER`: a GGUF file as a checkpoint's folder, from which a policy can start. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { checkCheckpoint } from '../pipelines/checkpoint/checked-checkpoint.js'
import { weightsFile } from '../pipelines/checkpoint/checkpoint-files.js'
import { openGguf } from '../pipelines/checkpoint/gguf/gguf-file.js'
import { type WritableTensor, writeSafetensors } from '../pipelines/checkpoint/safetensors-writer.js'
import { RlevError } from '../pipelines/errors.js'
import { sizeText } from '../pipelines/memory/memory-fit.js'
import { sizeOf } from '../pipelines/model/tensor-shapes.js'
import { loadTokenizer } from '../pipelines/tokenizer/tokenizer-folder.js'
import { nowAndThen } from './text/now-and-then.js'

export interface ImportOptions {
  file: string
  folder: string
  dtype: 'float32' | 'bfloat16'
}

/** The folder appears when it is complete. Rejects with CallInvalid or CheckpointInvalid. */
export async function importCheckpoint({ file, folder, dtype }: ImportOptions): Promise<void> {
  const target = resolve(folder)
  if (existsSync(target)) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the folder exists already',
      place: folder,
      expected: 'a folder that is not there',
      found: 'a folder or file of this name',
      remedy: 'name another folder, or remove this one',
    })
  }
  const checkpoint = await openGguf(file)
  const unfinished = join(dirname(target), `.${process.pid}-unfinished-import`)
  try {
    mkdirSync(unfinished, { recursive: true })
    const json = (name: string, content: unknown) =>
      writeFileSync(join(unfinished, name), `${JSON.stringify(content, null, 2)}\n`)
    const { config, tokenizer, tensors } = checkpoint
    json('config.json', { ...config, dtype })
    json('generation_config.json', tokenizer.ids)
    json('tokenizer.json', tokenizer.tokenizer)
    json('tokenizer_config.json', tokenizer.config)
    const type = dtype === 'float32' ? 'F32' : 'BF16'
    const metadata = { format: 'pt' }
    await writeSafetensors(join(unfinished, weightsFile), { tensors: withProgress(tensors), metadata, type })
    // As a run will read it.
    loadTokenizer(unfinished, checkCheckpoint(unfinished).config)
    renameSync(unfinished, target)
    const parameters = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    const bytes = parameters * (type === 'F32' ? 4 : 2)
    console.log(`${folder}: ${(parameters / 1e6).toFixed(1)} M parameters, ${sizeText(bytes)} in ${dtype}`)
    console.log(`start from it with policy: {path: ${folder}}, or try rlev evaluate ${folder} --data FILE`)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
    await checkpoint.close()
  }
}

/** Tells from time to time how many tensors are read. */
function withProgress(tensors: ReadonlyMap<string, WritableTensor>): Map<string, WritableTensor> {
  const tell = nowAndThen(line => process.stderr.write(`${line}\n`))
  let done = 0
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      {
        shape: tensor.shape,
        async data() {
          done++
          tell(() => `${done} of ${tensors.size} tensors`)
          return tensor.data()
        },
      },
    ]),
  )
}
