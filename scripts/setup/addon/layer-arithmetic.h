/*
 * The arithmetic of the passes of layer-passes.h over one row, for registers of a width (row-functions.h). Sums have
 * sixteen parts, of the elements i, i + 16, i + 32 and so on, whatever the registers hold; then the halves are added until one
 * number is left. So the bits depend neither on the width of the registers, nor on the number of threads.
 */

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

namespace layer_passes {

// Parts of a sum.
constexpr int64_t kParts = 16;

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))

#define RLEV_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define RLEV_KEEP(vector) asm("" : "+v"(vector))
#else
#define RLEV_KEEP(vector) asm("" : "+w"(vector))
#endif

typedef float Floats4 __attribute__((vector_size(16)));
typedef float Floats8 __attribute__((vector_size(32)));
typedef float Floats16 __attribute__((vector_size(64)));
typedef int32_t Ints4 __attribute__((vector_size(16)));
typedef int32_t Ints8 __attribute__((vector_size(32)));
typedef int32_t Ints16 __attribute__((vector_size(64)));

template <typename Floats, typename Ints>
struct Passes {
  static constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);

  RLEV_INLINE void Load(Floats &to, const float *from, int64_t left) {
    if (left >= kLanes) {
      memcpy(&to, from, sizeof(to));
      return;
    }
    to = Floats{};
    memcpy(&to, from, left * sizeof(float));
  }

  RLEV_INLINE void Store(float *to, const Floats &from, int64_t left) {
    memcpy(to, &from, left >= kLanes ? sizeof(from) : left * sizeof(float));
  }

  // a b, rounded: not a part of a fused multiply-add. Without it a compiler may choose which of two products it fuses.
  RLEV_INLINE Floats Rounded(const Floats &a, const Floats &b) {
    Floats product = a * b;
    RLEV_KEEP(product);
    return product;
  }

  // e^x = 2^n e^r with r within ln 2 / 2 of 0, a polynomial (Cephes). Below -87 it is 0, above 88 as at 88; NaN stays NaN.
  RLEV_INLINE void Exponential(Floats &x) {
    const Floats low = Floats{} - 87.0f, high = Floats{} + 88.0f, given = x;
    x = x < low ? low : x;
    x = x > high ? high : x;
    // Added, it leaves the nearest integer in the low bits.
    constexpr float kShift = 12582912.0f;
    constexpr int32_t kShiftBits = 0x4b400000;
    const Floats shifted = x * 1.44269504088896341f + kShift;
    Ints whole;
    memcpy(&whole, &shifted, sizeof(whole));
    const Floats n = shifted - kShift;
    Floats r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r;
    p = p + 1.0f;
    const Ints exponent = (whole - kShiftBits + 127) << 23;
    Floats power;
    memcpy(&power, &exponent, sizeof(power));
    x = p * power;
    x = given < low ? Floats{} : x;
  }

  RLEV_INLINE void Sigmoid(Floats &x) {
    x = -x;
    Exponential(x);
    x = 1.0f / (1.0f + x);
  }

  RLEV_INLINE float Total(const Floats (&sums)[kParts / kLanes]) {
    float parts[kParts];
    memcpy(parts, sums, sizeof(parts));
    for (int64_t half = kParts / 2; half > 0; half /= 2) {
      for (int64_t i = 0; i < half; i++) parts[i] += parts[i + half];
    }
    return parts[0];
  }

  // Of the numbers of `tops`. One that is not a number stays so if it is the first.
  RLEV_INLINE float Largest(const Floats (&tops)[kParts / kLanes]) {
    float parts[kParts];
    memcpy(parts, tops, sizeof(parts));
    float largest = parts[0];
    for (const float part : parts) largest = part > largest ? part : largest;
    return largest;
  }

  RLEV_INLINE void Gated(const float *both, int64_t width, float *y) {
    for (int64_t i = 0; i < width; i += kLanes) {
      Floats gate, up;
      Load(gate, both + i, width - i);
      Load(up, both + width + i, width - i);
      Floats share = gate;
      Sigmoid(share);
      const Floats value = gate * share * up;
      Store(y + i, value, width - i);
    }
  }

  // silu'(a) = s + a s (1 - s), s = sigmoid(a).
  RLEV_INLINE void GatedGradient(const float *both, const float *dy, int64_t width, float *dboth) {
    for (int64_t i = 0; i < width; i += kLanes) {
      Floats gate, up, slope;
      Load(gate, both + i, width - i);
      Load(up, both + width + i, width - i);
      Load(slope, dy + i, width - i);
      Floats share = gate;
      Sigmoid(share);
      const Floats silu = gate * share;
      const Floats of_gate = slope * up * (share + silu * (1.0f - share));
      const Floats of_up = slope * silu;
      Store(dboth + i, of_gate, width - i);
      Store(dboth + width + i, of_up, width - i);
    }
  }

  // 1 / sqrt(mean(x^2) + epsilon)
  RLEV_INLINE float Reciprocal(const float *x, int64_t width, float epsilon) {
    Floats sums[kParts / kLanes] = {};
    for (int64_t i = 0; i < width; i += kParts) {
      for (int64_t part = 0; part < kParts / kLanes; part++) {
        const int64_t at = i + part * kLanes;
        if (at >= width) break;
        Floats value;
        Load(value, x + at, width - at);
        sums[part] += value * value;
      }
    }
    return 1.0f / std::sqrt(Total(sums) / static_cast<float>(width) + epsilon);
  }

  RLEV_INLINE void Norm(const float *x, const float *w, int64_t width, float epsilon, float *y) {
    const float factor = Reciprocal(x, width, epsilon);
    for (int64_t i = 0; i < width; i += kLanes) {
      Floats value, weight;
      Load(value, x + i, width - i);
      Load(weight, w + i, width - i);
      const Floats normed = value * factor * weight;
      Store(y + i, normed, width - i);
    }
  }

  // With u = x r: dx = r (dy w - u mean(dy w u)), dw = dy u.
  RLEV_INLINE void NormGradient(const float *x, const float *w, const float *dy, int64_t width, float epsilon, float *dx,
                                float *dw) {
    const float factor = Reciprocal(x, width, epsilon);
    Floats sums[kParts / kLanes] = {};
    for (int64_t i = 0; i < width; i += kParts) {
      for (int64_t part = 0; part < kParts / kLanes; part++) {
        const int64_t at = i + part * kLanes;
        if (at >= width) break;
        Floats value, weight, slope;
        Load(value, x + at, width - at);
        Load(weight, w + at, width - at);
        Load(slope, dy + at, width - at);
        const Floats unit = value * factor;
        sums[part] += slope * weight * unit;
      }
    }
    const float along = Total(sums) / static_cast<float>(width);
    for (int64_t i = 0; i < width; i += kLanes) {
      Floats value, weight, slope, sum;
      Load(value, x + i, width - i);
      Load(weight, w + i, width - i);
      Load(slope, dy + i, width - i);
      Load(sum, dw + i, width - i);
      const Floats unit = value * factor;
      const Floats of_x = (slope * weight - Rounded(unit, Floats{} + along)) * factor;
      sum += slope * unit;
      Store(dx + i, of_x, width - i);
      Store(dw + i, sum, width - i);
    }
  }

  // (x_1, x_2) cos + (-x_2, x_1) sin of a head in halves. Its gradient has the other half's sine, negated. y may be x.
  template <bool gradient>
  RLEV_INLINE void Rotate(const float *x, const float *cosine, const float *sine, int64_t width, float *y) {
    const int64_t half = width / 2;
    for (int64_t i = 0; i < half; i += kLanes) {
      const int64_t left = half - i;
      Floats low, high, low_cosine, high_cosine, low_sine, high_sine;
      Load(low, x + i, left);
      Load(high, x + half + i, left);
      Load(low_cosine, cosine + i, left);
      Load(high_cosine, cosine + half + i, left);
      Load(low_sine, sine + i + (gradient ? half : 0), left);
      Load(high_sine, sine + i + (gradient ? 0 : half), left);
      if constexpr (gradient) {
        low_sine = -low_sine;
        high_sine = -high_sine;
      }
      const Floats turned_low = low * low_cosine - Rounded(high, low_sine);
      const Floats turned_high = high * high_cosine + Rounded(low, high_sine);
      Store(y + i, turned_low, left);
      Store(y + half + i, turned_high, left);
    }
  }

  // log p = x_t - max - log(sum(e^(x - max))); d log p / dx = [i = t] - p.
  RLEV_INLINE float LogProbability(const float *logits, int64_t target, int64_t width, float *slope) {
    Floats tops[kParts / kLanes];
    for (auto &top : tops) top = Floats{} + logits[0];
    int64_t i = 0;
    for (; i + kParts <= width; i += kParts) {
      for (int64_t part = 0; part < kParts / kLanes; part++) {
        Floats value;
        memcpy(&value, logits + i + part * kLanes, sizeof(value));
        tops[part] = value > tops[part] ? value : tops[part];
      }
    }
    float largest = Largest(tops);
    for (; i < width; i++) largest = logits[i] > largest ? logits[i] : largest;
    const float chosen = logits[target];
    Floats sums[kParts / kLanes] = {};
    for (i = 0; i < width; i += kParts) {
      for (int64_t part = 0; part < kParts / kLanes; part++) {
        const int64_t at = i + part * kLanes, left = width - at;
        if (left <= 0) break;
        Floats value;
        Load(value, logits + at, left);
        value = value - largest;
        Exponential(value);
        Store(slope + at, value, left);
        // What is beyond the end counts as 0.
        if (left < kLanes) Load(value, slope + at, left);
        sums[part] += value;
      }
    }
    const float total = Total(sums), factor = -1.0f / total;
    for (i = 0; i < width; i += kLanes) {
      Floats value;
      Load(value, slope + i, width - i);
      value = value * factor;
      Store(slope + i, value, width - i);
    }
    slope[target] += 1.0f;
    return chosen - largest - std::log(total);
  }
};

#endif

}  // namespace layer_passes
