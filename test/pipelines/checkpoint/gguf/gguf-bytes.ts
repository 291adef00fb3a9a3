/** Makes GGUF files in memory: a tiny model that is read as it is, with whatever a test spoils of it. */

/** Types of values in the file. */
const types = { u8: 0, u32: 4, f32: 6, bool: 7, text: 8, list: 9, u64: 10 } as const

type Value =
  | { u8: number }
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { text: string }
  | { u64: bigint }
  /** Bytes after the type, as they are. */
  | { raw: Uint8Array; type: number }
  | { list: 'text' | 'u32' | 'f32'; of: readonly (string | number)[] }

export interface TensorOf {
  name: string
  /** The fastest axis first. */
  axes: readonly (number | bigint)[]
  type: number
  offset: bigint
}

export interface GgufParts {
  magic: string
  version: number
  keys: Readonly<Record<string, Value | undefined>>
  /** Pairs as they are, after the others. */
  more: readonly (readonly [string, Value])[]
  tensors: readonly TensorOf[]
  counts: { tensors?: bigint; keys?: bigint }
  data: Uint8Array
}

export const u64 = (value: bigint): Uint8Array => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes
}
export const u32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}
const f32 = (value: number): Uint8Array => new Uint8Array(Float32Array.of(value).buffer)

export function text(value: string): Uint8Array {
  const bytes = Buffer.from(value)
  return Buffer.concat([u64(BigInt(bytes.length)), bytes])
}

function valueBytes(value: Value): Uint8Array {
  if ('raw' in value) return Buffer.concat([u32(value.type), value.raw])
  if ('u8' in value) return Buffer.concat([u32(types.u8), Uint8Array.of(value.u8)])
  if ('u32' in value) return Buffer.concat([u32(types.u32), u32(value.u32)])
  if ('f32' in value) return Buffer.concat([u32(types.f32), f32(value.f32)])
  if ('bool' in value) return Buffer.concat([u32(types.bool), Uint8Array.of(value.bool ? 1 : 0)])
  if ('text' in value) return Buffer.concat([u32(types.text), text(value.text)])
  if ('u64' in value) return Buffer.concat([u32(types.u64), u64(value.u64)])
  const one = { text, u32, f32 }[value.list] as (item: string | number) => Uint8Array
  return Buffer.concat([u32(types.list), u32(types[value.list]), u64(BigInt(value.of.length)), ...value.of.map(one)])
}

const [width, mlpWidth, tokens] = [8, 8, ['a', 'b', 'ab', '<end>']]

/** Of a Llama of one layer, in the order of the file: F32, each beside the next. */
const shapes: readonly (readonly [string, readonly number[]])[] = [
  ['token_embd.weight', [width, tokens.length]],
  ['blk.0.attn_norm.weight', [width]],
  ['blk.0.attn_q.weight', [width, width]],
  ['blk.0.attn_k.weight', [width, width]],
  ['blk.0.attn_v.weight', [width, width]],
  ['blk.0.attn_output.weight', [width, width]],
  ['blk.0.ffn_norm.weight', [width]],
  ['blk.0.ffn_gate.weight', [width, mlpWidth]],
  ['blk.0.ffn_up.weight', [width, mlpWidth]],
  ['blk.0.ffn_down.weight', [mlpWidth, width]],
  ['output_norm.weight', [width]],
]

function whole(): GgufParts {
  let offset = 0
  const tensors = shapes.map(([name, axes]): TensorOf => {
    const tensor = { name, axes, type: 0, offset: BigInt(offset) }
    offset += 4 * axes.reduce((product, size) => product * size, 1)
    return tensor
  })
  const keys: GgufParts['keys'] = {
    'general.architecture': { text: 'llama' },
    'llama.block_count': { u32: 1 },
    'llama.context_length': { u32: 64 },
    'llama.embedding_length': { u32: width },
    'llama.feed_forward_length': { u32: mlpWidth },
    'llama.attention.head_count': { u32: 2 },
    'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
    'tokenizer.ggml.model': { text: 'gpt2' },
    'tokenizer.ggml.tokens': { list: 'text', of: tokens },
    'tokenizer.ggml.token_type': { list: 'u32', of: [1, 1, 1, 3] },
    'tokenizer.ggml.merges': { list: 'text', of: ['a b'] },
    'tokenizer.ggml.eos_token_id': { u32: 3 },
  }
  const data = new Uint8Array(new Float32Array(offset / 4).fill(0.01).buffer)
  return { magic: 'GGUF', version: 3, keys, more: [], tensors, counts: {}, data }
}

/** The bytes of the tiny model with other parts; keys are merged, and one that is undefined is left out. */
export function ggufBytes(change: (parts: GgufParts) => Partial<GgufParts> = () => ({})): Uint8Array {
  const base = whole()
  const changed = change(base)
  const { magic, version, tensors, counts, data, more } = { ...base, ...changed }
  const kept = Object.entries({ ...base.keys, ...changed.keys }).filter((pair): pair is [string, Value] => !!pair[1])
  const pairs = [...kept, ...more]
  const header = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    u32(version),
    u64(counts.tensors ?? BigInt(tensors.length)),
    u64(counts.keys ?? BigInt(pairs.length)),
    ...pairs.flatMap(([key, value]) => [text(key), valueBytes(value)]),
    ...tensors.flatMap(({ name, axes, type, offset }) => [
      text(name),
      u32(axes.length),
      ...axes.map(size => u64(BigInt(size))),
      u32(type),
      u64(offset),
    ]),
  ])
  return Buffer.concat([header, new Uint8Array((32 - (header.length % 32)) % 32), data])
}

/** The tiny model with one tensor changed. */
export const withTensor = (name: string, change: Partial<TensorOf>): Uint8Array =>
  ggufBytes(({ tensors }) => ({
    tensors: tensors.map(tensor => (tensor.name === name ? { ...tensor, ...change } : tensor)),
  }))
