/** Imported GGUF files against PyTorch: logits as `transformers` computes them with the dequantized tensors (test/fixtures/gguf/make.py). */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { writeGgufFolder } from '../../../pipelines/checkpoint/gguf/write-folder.js'
import { loadPolicy } from '../../../pipelines/checkpoint/policy-folder.js'
import { disposeEngines } from '../../../pipelines/engine/engine-cache.js'
import { disposePolicy } from '../../../pipelines/model/policy.js'
import { allClose, lastLogits, withEveryIdDrawn } from './golden.js'

const fixtures = 'test/fixtures/gguf'
const expected = JSON.parse(readFileSync(join(fixtures, 'logits.json'), 'utf8')) as Record<
  string,
  { ids: number[]; last_logits: number[] }[]
>
const root = mkdtempSync(join(tmpdir(), 'rlev-gguf-parity-'))
after(() => rmSync(root, { recursive: true }))

for (const [name, prompts] of Object.entries(expected)) {
  test(`${name}: logits equal those of PyTorch with the same tensors`, async () => {
    const folder = join(root, name)
    mkdirSync(folder)
    await writeGgufFolder({ file: join(fixtures, name), folder, dtype: 'float32' })
    const policy = withEveryIdDrawn(await loadPolicy(folder))
    try {
      const found = lastLogits(
        policy,
        prompts.map(({ ids }) => ids),
      )
      for (const [index, { ids, last_logits: logits }] of prompts.entries()) {
        allClose(found[index] as Float32Array, logits, `logit after ${ids.length} tokens,`)
      }
    } finally {
      disposePolicy(policy)
      disposeEngines()
    }
  })
}
