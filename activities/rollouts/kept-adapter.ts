/** The adapter of a policy in the store, from where other workers have it: with the start, which is theirs already, it is the policy of a step. */
import { adapterDigest, saveAdapter } from '../../pipelines/checkpoint/adapter-file.js'
import type { LivePolicy } from '../../pipelines/training/live-policy.js'
import { LocalPolicy } from '../../pipelines/training/local-policy.js'
import { failPoint } from '../fail-points/fail-point.js'
import type { ArtifactRef, Store } from '../store/store.js'
import { adapterKind } from './outdated.js'

/** For the rollout of `step`, the one after the policy's. The address has the digest of the values: it never names those of another policy. */
export async function keepAdapter(
  store: Store,
  { run, step, live }: { run: string; step: number; live: LivePolicy },
): Promise<ArtifactRef> {
  const adapter = live instanceof LocalPolicy ? live.policy.adapter : null
  if (adapter === null) throw new Error('the policy has no adapter')
  const kept = await store.once({
    kind: adapterKind,
    from: { run, step, values: await adapterDigest(adapter) },
    fill: folder => saveAdapter(adapter, { folder }),
  })
  failPoint('rollout.adapter')
  return kept
}
