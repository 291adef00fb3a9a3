/** The smallest run on a Tinker server, which tests and drills share. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProgram } from '../../pipelines/config/program.js'
import { type ExperimentConfig, experimentSchema } from '../../pipelines/config/schema.js'

/** Writes it into the folder, and gives its path. Random responses are right as often as not. */
export function writeVerifier(folder: string): `${string}.ts` {
  const path = join(folder, 'verifier.ts') as `${string}.ts`
  writeFileSync(
    path,
    'export const verify = ({ response }: { response: string }) => [...response].reduce((sum, one) => sum + one.charCodeAt(0), 0) % 2 === 0',
  )
  return path
}

/** As a config file has it, without `name`. */
export function servedKeys({
  url,
  baseModel,
  policy,
  verifier,
}: {
  url: string
  baseModel: string
  /** Folder of the same model. */
  policy: string
  verifier: `${string}.ts`
}) {
  return {
    steps: 2,
    data: { source: 'synthetic', exam: 'v7', trainPapers: 1, testItemsPerSection: 1 },
    policy: { from: 'checkpoint', path: policy },
    reward: { verifier, answer: 'last-line' },
    rollout: { prompts: 2, samples: 4, maxTokens: 6 },
    update: { learningRate: 1e-2, microBatch: 4, adapter: { rank: 8 } },
    engine: { kind: 'tinker', url, baseModel },
    evaluation: { every: 2, samples: 0, chunk: 8 },
    checkpoint: { everySteps: 2 },
  }
}

export function servedConfig({
  name,
  sections,
  ...served
}: Parameters<typeof servedKeys>[0] & { name: string; sections: Record<string, unknown> }): ExperimentConfig {
  const { reward, ...keys } = servedKeys(served)
  const verifierDigest = readProgram(served.verifier).digest
  return experimentSchema.parse({ name, ...keys, reward: { ...reward, verifierDigest }, ...sections })
}
