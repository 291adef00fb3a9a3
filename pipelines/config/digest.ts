/** The identity of data and configs: sha256 over JSON in canonical form, so that the order in which a person wrote keys does not count. */
import { createHash } from 'node:crypto'
import { RlevError } from '../errors.js'
import { engineIdentity } from './engine-kinds.js'
import type { ExperimentConfig, Plan } from './schema.js'

/** Lower-case hex sha256 of the value's canonical JSON. Throws NotFinite for NaN and infinities, which JSON would turn into null. */
export function digest(value: unknown): string {
  return createHash('sha256')
    .update(canonicalJson(value) ?? '')
    .digest('hex')
}

/** JSON with keys in code unit order, without keys whose value is undefined. */
export function canonicalJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'number' && !Number.isFinite(inner)) {
      throw new RlevError({
        kind: 'NotFinite',
        message: 'a number that is not finite has no digest',
        expected: 'a finite number',
        found: String(inner),
      })
    }
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}

/** How an experiment is named, tracked, divided and stored: its results do not depend on these sections. */
const withoutInfluence: readonly string[] = [
  'name',
  'tracking',
  'durability',
  'checkpoint',
] satisfies (keyof ExperimentConfig)[]

/**
 * Digest of what an experiment's results depend on, seed included. Of a judge, an endpoint or an engine its name counts, not its address; of a
 * verifier of the user its digest, not its path.
 */
export function experimentKey({ judge, reward, engine, ...config }: ExperimentConfig): string {
  const relevant = Object.entries(config).filter(([key]) => !withoutInfluence.includes(key))
  const judging = judge === undefined ? undefined : { model: judge.model, decides: judge.decides }
  return digest({
    ...Object.fromEntries(relevant),
    reward: markedBy(reward),
    judge: judging,
    engine: engineIdentity(engine),
  })
}

/** The reward section less what only says how its verifier is reached. */
export function markedBy({ endpoint, timeoutMs: _timeoutMs, ...reward }: ExperimentConfig['reward']) {
  const { verifier, verifierDigest } = reward
  return {
    ...reward,
    verifier: verifierDigest === undefined ? verifier : 'program',
    endpoint: endpoint === undefined ? undefined : { name: endpoint.name },
  }
}

/** Which plan a name stands for: what starts a workflow says it, and whatever reads the plan from the home checks it. Warnings do not count. */
export function planDigest(plan: Plan): string {
  return digest({ ...plan, warnings: [] })
}
