/*
 * The passes of layer-arithmetic.h and attention-arithmetic.h for the registers of this processor. They give the same bits on every
 * processor.
 */

namespace layer_passes {

// Null if this processor has no fused multiply-adds.
struct RowFunctions {
  // y [M] = silu(gate) up, of gate and up side by side, [2 M].
  void (*gated)(const float *both, int64_t width, float *y);
  // The gradient of both, [2 M], of that of y.
  void (*gated_gradient)(const float *both, const float *dy, int64_t width, float *dboth);
  // y [D] = x w / sqrt(mean(x^2) + epsilon).
  void (*norm)(const float *x, const float *w, int64_t width, float epsilon, float *y);
  // The gradient of x, of that of y; that of w is added to dw.
  void (*norm_gradient)(const float *x, const float *w, const float *dy, int64_t width, float epsilon, float *dx, float *dw);
  // A head [E] rotated by the angles of its token, and the gradient of it, of that of the rotated one.
  void (*rotate)(const float *x, const float *cosine, const float *sine, int64_t width, float *y);
  void (*rotate_gradient)(const float *dy, const float *cosine, const float *sine, int64_t width, float *dx);
  // log softmax(logits)[target]; slope [V]: its derivatives by the logits. slope may be logits.
  float (*log_probability)(const float *logits, int64_t target, int64_t width, float *slope);
  // Writes the key and the value of a token, and attends with its queries.
  void (*attend)(const AttentionHead &head);
};

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))

#define RLEV_PASSES(name, attributes, Floats, Ints)                                                                     \
  attributes static void Gated##name(const float *both, int64_t width, float *y) {                                      \
    Passes<Floats, Ints>::Gated(both, width, y);                                                                        \
  }                                                                                                                     \
  attributes static void GatedGradient##name(const float *both, const float *dy, int64_t width, float *dboth) {         \
    Passes<Floats, Ints>::GatedGradient(both, dy, width, dboth);                                                        \
  }                                                                                                                     \
  attributes static void Norm##name(const float *x, const float *w, int64_t width, float epsilon, float *y) {           \
    Passes<Floats, Ints>::Norm(x, w, width, epsilon, y);                                                                \
  }                                                                                                                     \
  attributes static void NormGradient##name(const float *x, const float *w, const float *dy, int64_t width,             \
                                            float epsilon, float *dx, float *dw) {                                      \
    Passes<Floats, Ints>::NormGradient(x, w, dy, width, epsilon, dx, dw);                                               \
  }                                                                                                                     \
  attributes static void Rotate##name(const float *x, const float *cosine, const float *sine, int64_t width, float *y) {\
    Passes<Floats, Ints>::template Rotate<false>(x, cosine, sine, width, y);                                            \
  }                                                                                                                     \
  attributes static void RotateGradient##name(const float *dy, const float *cosine, const float *sine, int64_t width,   \
                                              float *dx) {                                                              \
    Passes<Floats, Ints>::template Rotate<true>(dy, cosine, sine, width, dx);                                           \
  }                                                                                                                     \
  attributes static float LogProbability##name(const float *logits, int64_t target, int64_t width, float *slope) {      \
    return Passes<Floats, Ints>::LogProbability(logits, target, width, slope);                                          \
  }                                                                                                                     \
  attributes static void Attend##name(const AttentionHead &head) { Attention<Floats, Ints>::Attend(head); }             \
  static constexpr RowFunctions k##name = {Gated##name,        GatedGradient##name,  Norm##name,                        \
                                           NormGradient##name, Rotate##name,         RotateGradient##name,              \
                                           LogProbability##name, Attend##name}

#if defined(__x86_64__)

RLEV_PASSES(Wide, __attribute__((target("avx512f,fma"))), Floats16, Ints16);
RLEV_PASSES(Half, __attribute__((target("avx2,fma"))), Floats8, Ints8);

static const RowFunctions *FunctionsOfThisProcessor() {
  if (__builtin_cpu_supports("avx512f")) return &kWide;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kHalf : nullptr;
}

#else

RLEV_PASSES(Narrow, , Floats4, Ints4);

static const RowFunctions *FunctionsOfThisProcessor() { return &kNarrow; }

#endif

#undef RLEV_PASSES
#undef RLEV_INLINE

#else

static const RowFunctions *FunctionsOfThisProcessor() { return nullptr; }

#endif

}  // namespace layer_passes
