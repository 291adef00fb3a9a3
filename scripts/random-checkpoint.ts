/**
 * Writes a random checkpoint as a folder in Hugging Face form: a model's shape without its training, to measure with. Tensors are made and
 * written one after the other, so that it takes little memory however large the model is.
 * Usage, after the build:
 *   node dist/scripts/random-checkpoint.js FOLDER --shape qwen2.5-0.5b [--type F32|BF16] [--shard-gigabytes N] [--seed N]
 */
import { parseArgs } from 'node:util'
import { RlevError } from '../pipelines/errors.js'
import { shapeNames, shapeOf } from './random-checkpoint/shapes.js'
import { elementTypes } from './random-checkpoint/values.js'
import { writeRandomCheckpoint } from './random-checkpoint/write.js'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    shape: { type: 'string', default: 'qwen2.5-0.5b' },
    type: { type: 'string', default: 'BF16' },
    'shard-gigabytes': { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
})
try {
  const [folder] = positionals
  const type = elementTypes.find(name => name === values.type)
  if (folder === undefined || type === undefined) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: folder === undefined ? 'no folder is named' : `there is no such type: ${values.type}`,
      expected: `random-checkpoint.js FOLDER --shape ${shapeNames.join('|')} [--type F32|BF16] [--shard-gigabytes N] [--seed N]`,
    })
  }
  const written = writeRandomCheckpoint({
    folder,
    config: shapeOf(values.shape),
    type,
    shardBytes: Number(values['shard-gigabytes']) * 1e9,
    seed: Number(values.seed),
  })
  console.log(
    `${folder}: ${values.shape}, ${(written.parameters / 1e6).toFixed(1)} M parameters in ${written.files} ${written.files === 1 ? 'file' : 'files'}, ${(written.bytes / 1e9).toFixed(2)} GB`,
  )
} catch (error) {
  if (!(error instanceof RlevError)) throw error
  console.error(error.message)
  process.exitCode = error.kind === 'CallInvalid' ? 2 : 1
}
