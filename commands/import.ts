/** `rlev import FILE.gguf FOLDER`: a GGUF file as a checkpoint's folder, from which a policy can start. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { asStorageError } from '../activities/store/disk-errors.js'
import { writeGgufFolder } from '../pipelines/checkpoint/gguf/write-folder.js'
import { RlevError } from '../pipelines/errors.js'
import { sizeText } from '../pipelines/memory/memory-fit.js'
import { nowAndThen } from './text/now-and-then.js'

export interface ImportOptions {
  file: string
  folder: string
  dtype: 'float32' | 'bfloat16'
}

/** The folder appears when it is complete. Rejects with CallInvalid, CheckpointInvalid or NoStorage. */
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
  const unfinished = join(dirname(target), `.${process.pid}-unfinished-import`)
  const tell = nowAndThen(line => process.stderr.write(`${line}\n`))
  const onTensor = (done: number, of: number) => tell(() => `${done} of ${of} tensors`)
  try {
    mkdirSync(unfinished, { recursive: true })
    const { parameters, bytes } = await writeGgufFolder({ file, folder: unfinished, dtype, onTensor })
    renameSync(unfinished, target)
    console.log(`${folder}: ${(parameters / 1e6).toFixed(1)} M parameters, ${sizeText(bytes)} in ${dtype}`)
    console.log(`start from it with policy: {path: ${folder}}, or try rlev evaluate ${folder} --data FILE`)
  } catch (error) {
    throw asStorageError(error, dirname(target))
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
