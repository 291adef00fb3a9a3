/** The kinds of engines, and what of an engine results depend on. */
import { RlevError } from '../errors.js'
import type { EngineConfig, ExperimentConfig } from './schema.js'

export type EngineKind = 'local' | 'tinker'
type AnyEngine = ExperimentConfig['engine']

export const engineKind = (engine: AnyEngine): EngineKind => engine.kind ?? 'local'

/** For what only the local engine computes. Throws CallInvalid for another one. */
export function localEngine(engine: AnyEngine): EngineConfig {
  if (engine.kind === undefined) return engine
  throw new RlevError({
    kind: 'CallInvalid',
    message: 'only the engine of this program computes this',
    place: 'engine.kind',
    expected: 'local',
    found: engine.kind,
    remedy: 'use a config with engine.kind: local',
  })
}

/** Of a server the model counts, not its address or how it is asked. */
export function engineIdentity(engine: AnyEngine): object {
  if (engine.kind === undefined) return engine
  const { kind, baseModel } = engine
  return { kind, baseModel }
}
