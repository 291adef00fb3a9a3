/** The JSON of the protocol: requests from rlev's types, and the schemas of answers. `null` stands for NaN among log-probabilities. */
import { z } from 'zod'
import { RlevError } from '../../pipelines/errors.js'
import type { AdamStep, Datum, LossName, SampleCall } from './types.js'

const numberOrNull = z
  .number()
  .nullable()
  .transform(value => value ?? Number.NaN)
const metrics = z
  .record(z.string(), z.unknown())
  .default({})
  .transform(found =>
    Object.fromEntries(
      Object.entries(found).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    ),
  )

export const answers = {
  capabilities: z.object({ supported_models: z.array(z.object({ model_name: z.string() })) }),
  session: z.object({ session_id: z.string() }),
  /** Of every operation: its result is asked for by the id. */
  accepted: z.object({
    request_id: z.union([z.string(), z.number()]).transform(String),
    model_id: z.string().optional(),
  }),
  created: z.object({
    model_id: z.string(),
    lora_config: z.object({ rank: z.number(), alpha: z.number().optional() }).optional(),
  }),
  passed: z.object({
    loss_fn_outputs: z.array(z.object({ logprobs: z.object({ data: z.array(numberOrNull) }) })),
    metrics,
  }),
  stepped: z.object({ metrics }),
  saved: z.object({ path: z.string() }),
  sampled: z.object({
    sequences: z
      .array(
        z.object({
          stop_reason: z.enum(['stop', 'length']),
          tokens: z.array(z.int().nonnegative()),
          logprobs: z.array(numberOrNull),
        }),
      )
      .min(1),
    prompt_logprobs: z.array(numberOrNull).nullish(),
  }),
  checkpoints: z.object({
    checkpoints: z.array(
      z.object({
        checkpoint_id: z.string(),
        checkpoint_type: z.enum(['training', 'sampler']),
        tinker_path: z.string(),
      }),
    ),
  }),
  anything: z.looseObject({}),
} as const

export function passBody({ data, loss }: { data: readonly Datum[]; loss: LossName }): object {
  return { data: data.map((datum, index) => datumBody(datum, loss, index)), loss_fn: loss }
}

function datumBody({ inputs, targets, weights, logProbs, advantages }: Datum, loss: LossName, index: number): object {
  const floats = (name: string, values: readonly number[] | undefined) => ({
    [name]: {
      data: checked(values, { length: inputs.length, place: `datum ${index}, ${name}` }),
      dtype: 'float32',
      shape: [inputs.length],
    },
  })
  const target = checked(targets, { length: inputs.length, place: `datum ${index}, target_tokens` })
  return {
    model_input: prompt(inputs),
    loss_fn_inputs: {
      target_tokens: { data: target, dtype: 'int64', shape: [inputs.length] },
      ...floats('weights', weights),
      ...(loss === 'importance_sampling' && { ...floats('logprobs', logProbs), ...floats('advantages', advantages) }),
    },
  }
}

const prompt = (tokens: readonly number[]) => ({ chunks: [{ type: 'encoded_text', tokens }] })

export function adamBody({ learningRate, betas, epsilon, weightDecay, clipNorm }: AdamStep): object {
  return {
    learning_rate: learningRate,
    beta1: betas[0],
    beta2: betas[1],
    eps: epsilon,
    weight_decay: weightDecay,
    // 0 is the protocol's word for no clipping.
    grad_clip_norm: clipNorm ?? 0,
  }
}

export function sampleBody({ source, tokens, settings, samples = 1 }: SampleCall): object {
  const { maxTokens, temperature, seed, stop } = settings
  return {
    ...('sampler' in source ? { model_path: source.sampler } : { base_model: source.baseModel }),
    prompt: prompt(tokens),
    sampling_params: { max_tokens: maxTokens, temperature, seed, stop, top_k: -1, top_p: 1 },
    num_samples: samples,
  }
}

/** JSON would turn NaN and infinities into null. */
function checked(
  values: readonly number[] | undefined,
  { length, place }: { length: number; place: string },
): readonly number[] {
  if (values?.length !== length) {
    throw new RlevError({
      kind: 'CallInvalid',
      message: 'the lists of a datum differ in length',
      place,
      expected: `${length} numbers, one for each input token`,
      found: String(values?.length ?? 'none'),
      remedy: 'give one number for each input token',
    })
  }
  const at = values.findIndex(value => !Number.isFinite(value))
  if (at < 0) return values
  throw new RlevError({
    kind: 'NotFinite',
    message: 'a number of a datum is not finite',
    place: `${place}, position ${at}`,
    expected: 'a finite number',
    found: String(values[at]),
    remedy: 'look where the log-probability or the advantage comes from',
  })
}
