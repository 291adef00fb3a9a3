/*
 * RlevAttend: attention of one new token in each slot to its prompt and to its response so far, while sampling (attention-arithmetic.h).
 * Rotates queries and keys, writes the key and the value into the caches in place, and reads only the columns that are seen. The
 * bits of a slot depend on no other slot.
 *
 * Shapes: r slots, q prompts of G slots each, P columns of a prompt, S columns of a response, H heads, K key/value heads, E head
 * width.
 */

namespace layer_passes {

struct AttentionSizes {
  // `samples` is G if the slots share prompts, else 0.
  int64_t heads = 0, samples = 0, prefix = 0, columns = 0;
  float epsilon = 0;
};

static void *CreateAttention(TF_OpKernelConstruction *construction) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  auto *sizes = new AttentionSizes();
  const std::pair<const char *, int64_t *> numbers[] = {
      {"heads", &sizes->heads}, {"samples", &sizes->samples}, {"prefix", &sizes->prefix}, {"columns", &sizes->columns}};
  for (const auto &[name, to] : numbers) {
    if (Ok(status)) TF_OpKernelConstruction_GetAttrInt64(construction, name, to, status.get());
  }
  if (Ok(status)) TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", &sizes->epsilon, status.get());
  if (!Ok(status)) TF_OpKernelConstruction_Failure(construction, status.get());
  return sizes;
}

static void DeleteAttention(void *sizes) { delete static_cast<AttentionSizes *>(sizes); }

static void ComputeAttention(void *kernel, TF_OpKernelContext *context) {
  const AttentionSizes sizes = *static_cast<AttentionSizes *>(kernel);
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  OwnTensor inputs[11];
  for (int i = 0; i < 11; i++) inputs[i] = InputOf(context, i, status);
  if (!Ok(status)) return Refuse(context, status, "");
  const auto &[all, cosine, sine, query_norm, key_norm, keys, values, prompt_keys, prompt_values, lengths, columns] = inputs;
  const bool shared = sizes.samples > 0;
  const int64_t rows = Count(lengths), width = rows == 0 ? 0 : Count(cosine) / rows;
  const int64_t key_heads = width == 0 ? 0 : (Count(all) / rows / width - sizes.heads) / 2;
  const int64_t own = (shared ? 0 : sizes.prefix) + sizes.columns, prompts = shared ? rows / sizes.samples : 0;
  const bool fits = key_heads > 0 && width % 2 == 0 && sizes.heads % key_heads == 0 && Count(columns) == rows &&
                    Count(cosine) == rows * width && Count(sine) == rows * width &&
                    Count(all) == rows * (sizes.heads + 2 * key_heads) * width &&
                    (Count(query_norm) == 0 || Count(query_norm) == width) && Count(key_norm) == Count(query_norm) &&
                    Count(keys) == rows * key_heads * own * width && Count(values) == Count(keys) &&
                    (!shared || rows % sizes.samples == 0) && Count(prompt_values) == Count(prompt_keys) &&
                    Count(prompt_keys) == prompts * key_heads * sizes.prefix * width;
  if (!fits) return Refuse(context, status, "the shapes of an attention do not fit");
  const auto *length = static_cast<const int32_t *>(TF_TensorData(lengths.get()));
  const auto *column = static_cast<const int32_t *>(TF_TensorData(columns.get()));
  for (int64_t row = 0; row < rows; row++) {
    if (length[row] < 0 || length[row] > sizes.prefix || column[row] < 0 || column[row] >= sizes.columns)
      return Refuse(context, status, "a column of an attention is outside the caches");
  }
  const OwnTensor seen = OutputOf(context, 0, TF_FLOAT, {rows, sizes.heads * width}, status);
  if (!Ok(status)) return Refuse(context, status, "");
  const int64_t group = sizes.heads / key_heads;
  AttentionHead first = {};
  first.query_norm = Count(query_norm) == 0 ? nullptr : Read(query_norm);
  first.key_norm = Count(key_norm) == 0 ? nullptr : Read(key_norm);
  first.epsilon = sizes.epsilon;
  first.heads = group;
  first.width = width;
  const float *from = Read(all), *angles[] = {Read(cosine), Read(sine)};
  const float *stored[] = {Read(prompt_keys), Read(prompt_values)};
  float *cached[] = {Write(keys), Write(values)}, *to = Write(seen);
  EachBlock(rows * key_heads, (sizes.prefix + sizes.columns) * width, [=](int64_t at, int64_t end, int64_t) {
    std::vector<float> scratch(2 * Rounded16(width) + Rounded16(sizes.prefix + sizes.columns));
    for (; at < end; at++) {
      const int64_t row = at / key_heads, k = at % key_heads;
      const float *of_row = from + row * (sizes.heads + 2 * key_heads) * width;
      AttentionHead head = first;
      head.queries = of_row + k * group * width;
      head.key = of_row + (sizes.heads + k) * width;
      head.value = of_row + (sizes.heads + key_heads + k) * width;
      head.cosine = angles[0] + row * width;
      head.sine = angles[1] + row * width;
      head.length = length[row];
      head.column = column[row];
      int64_t cache = at;
      if (shared) {
        const int64_t prompt = row / sizes.samples * key_heads + k;
        cache = prompt * sizes.samples + row % sizes.samples;
        head.prompt_keys = stored[0] + prompt * sizes.prefix * width;
        head.prompt_values = stored[1] + prompt * sizes.prefix * width;
      } else {
        head.prompt_keys = cached[0] + cache * own * width;
        head.prompt_values = cached[1] + cache * own * width;
      }
      head.own_keys = cached[0] + (cache * own + (shared ? 0 : sizes.prefix)) * width;
      head.own_values = cached[1] + (cache * own + (shared ? 0 : sizes.prefix)) * width;
      head.scratch = scratch.data();
      head.output = to + (row * sizes.heads + k * group) * width;
      FunctionsOfThisProcessor()->attend(head);
    }
  });
}

// Once for the process. False if TensorFlow refuses the operation.
static bool RegisterAttention() {
  static const bool registered = RegisterOne(
      "RlevAttend",
      {"all: float", "cosine: float", "sine: float", "query_norm: float", "key_norm: float", "keys: float", "values: float",
       "prompt_keys: float", "prompt_values: float", "lengths: int32", "columns_of_slots: int32"},
      {"heads: int", "samples: int", "prefix: int", "columns: int", "epsilon: float"}, {"seen: float"},
      {&CreateAttention, &ComputeAttention, &DeleteAttention});
  return registered;
}

}  // namespace layer_passes
