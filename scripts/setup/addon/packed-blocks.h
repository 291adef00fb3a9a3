/*
 * The arithmetic of packed products: a block of rows and 32 outputs of y = x W^T. Every number is the sum over k, in order, of
 * fused multiply-adds. So the bits depend neither on the number of rows, nor on the number of threads, nor on the width of the
 * processor's registers.
 *
 * W [N, K] is packed as [B, K, 32], B blocks, the last one filled up with zeros. Rounded, W and x are rounded to bfloat16 (to nearest, ties to even), and sums stay in
 * float32. Then W is [B, K, 16] of pairs: the low half of a pair is output c, the high half output 16 + c.
 */

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace packed_product {

// Outputs of a block.
constexpr int64_t kWidth = 32;
// Numbers of a step k of a rounded block, two weights each.
constexpr int64_t kPairs = kWidth / 2;

// The bits of a number rounded to bfloat16, in the high half. NaN stays NaN.
static inline uint32_t Rounded(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  if (value != value) return (bits | 0x400000u) & 0xffff0000u;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
}

// A block of rows and outputs of y, from x [rows, depth] and the block's weights.
using BlockFunction = void (*)(const float *x, int64_t rows, int64_t depth,
                               const void *w, float *y, int64_t y_stride);

#if defined(__x86_64__) && defined(__GNUC__)

typedef float Floats16 __attribute__((vector_size(64)));
typedef float Floats8 __attribute__((vector_size(32)));
typedef uint32_t Words16 __attribute__((vector_size(64)));
typedef uint32_t Words8 __attribute__((vector_size(32)));

// How far ahead weights are fetched. (bytes)
constexpr int64_t kAhead = 4096;

// Weights of one step k: vectors of consecutive outputs, `at` the first of the tile.
template <typename Vector>
struct Plain {
  static constexpr int64_t kStep = kWidth;
  static constexpr int kLanes = sizeof(Vector) / sizeof(float);
  static inline __attribute__((always_inline)) void Load(const float *w, Vector (&weights)[2]) {
    memcpy(&weights[0], w, sizeof(Vector));
    memcpy(&weights[1], w + kLanes, sizeof(Vector));
  }
};

// The low and the high halves of pairs.
template <typename Vector, typename Words>
struct Halves {
  static constexpr int64_t kStep = kPairs;
  static inline __attribute__((always_inline)) void Load(const float *w, Vector (&weights)[2]) {
    Words pairs;
    memcpy(&pairs, w, sizeof(pairs));
    const Words low = pairs << 16, high = pairs & 0xffff0000u;
    memcpy(&weights[0], &low, sizeof(low));
    memcpy(&weights[1], &high, sizeof(high));
  }
};

// kRows rows by two vectors of outputs, `apart` from each other, whose sums stay in registers.
template <typename Vector, typename Form, int kRows>
static inline __attribute__((always_inline)) void Tile(const float *x, int64_t depth, const float *w, float *y,
                                                       int64_t y_stride, int64_t apart) {
  Vector sums[kRows][2] = {};
  for (int64_t k = 0; k < depth; k++, w += Form::kStep) {
    __builtin_prefetch(reinterpret_cast<const char *>(w) + kAhead);
    __builtin_prefetch(reinterpret_cast<const char *>(w) + kAhead + 64);
    Vector weights[2];
    Form::Load(w, weights);
    for (int r = 0; r < kRows; r++) {
      const float value = x[r * depth + k];
      // Fused multiply-adds: the target has them, and the compiler contracts.
      sums[r][0] += value * weights[0];
      sums[r][1] += value * weights[1];
    }
  }
  for (int r = 0; r < kRows; r++) {
    memcpy(y + r * y_stride, &sums[r][0], sizeof(Vector));
    memcpy(y + r * y_stride + apart, &sums[r][1], sizeof(Vector));
  }
}

#define RLEV_TILE(rows)                                                                          \
  case rows:                                                                                     \
    Tile<Vector, Form, rows <= kMost ? rows : 1>(x, depth, w, y, y_stride, apart);               \
    break

// At most kMost rows at a time: as many as the registers hold sums of. Cases above it are never met.
template <typename Vector, typename Form, int64_t kMost>
static inline __attribute__((always_inline)) void Tiles(const float *x, int64_t rows, int64_t depth, const float *w,
                                                        float *y, int64_t y_stride, int64_t apart) {
  for (int64_t taken; rows > 0; rows -= taken, x += taken * depth, y += taken * y_stride) {
    taken = std::min<int64_t>(rows, kMost);
    switch (taken) {
      RLEV_TILE(1);
      RLEV_TILE(2);
      RLEV_TILE(3);
      RLEV_TILE(4);
      RLEV_TILE(5);
      RLEV_TILE(6);
      RLEV_TILE(7);
      RLEV_TILE(8);
      RLEV_TILE(9);
      RLEV_TILE(10);
      RLEV_TILE(11);
      RLEV_TILE(12);
    }
  }
}

#undef RLEV_TILE

#define RLEV_BLOCK(name) \
  static void name(const float *x, int64_t rows, int64_t depth, const void *weights, float *y, int64_t y_stride)

__attribute__((target("avx512f,fma"))) RLEV_BLOCK(Block512) {
  Tiles<Floats16, Plain<Floats16>, 12>(x, rows, depth, static_cast<const float *>(weights), y, y_stride, 16);
}

__attribute__((target("avx512f,fma"))) RLEV_BLOCK(Rounded512) {
  Tiles<Floats16, Halves<Floats16, Words16>, 12>(x, rows, depth, static_cast<const float *>(weights), y, y_stride, 16);
}

__attribute__((target("avx2,fma"))) RLEV_BLOCK(Block256) {
  const auto *w = static_cast<const float *>(weights);
  for (int half = 0; half < 2; half++) {
    Tiles<Floats8, Plain<Floats8>, 6>(x, rows, depth, w + half * 16, y + half * 16, y_stride, 8);
  }
}

__attribute__((target("avx2,fma"))) RLEV_BLOCK(Rounded256) {
  const auto *w = static_cast<const float *>(weights);
  for (int half = 0; half < 2; half++) {
    Tiles<Floats8, Halves<Floats8, Words8>, 6>(x, rows, depth, w + half * 8, y + half * 8, y_stride, 16);
  }
}

#undef RLEV_BLOCK

// Null on a processor without fused multiply-adds.
static BlockFunction BlockOfThisProcessor(bool rounded) {
  if (__builtin_cpu_supports("avx512f")) return rounded ? Rounded512 : Block512;
  const bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return !fused ? nullptr : rounded ? Rounded256 : Block256;
}

#elif defined(__aarch64__)

template <bool kRounded>
static void BlockPortable(const float *x, int64_t rows, int64_t depth, const void *weights, float *y, int64_t y_stride) {
  for (int64_t r = 0; r < rows; r++) {
    float sums[kWidth] = {};
    for (int64_t k = 0; k < depth; k++) {
      const float value = x[r * depth + k];
      for (int64_t c = 0; c < kWidth; c++) {
        float weight;
        if (kRounded) {
          const uint32_t pair = static_cast<const uint32_t *>(weights)[k * kPairs + c % kPairs];
          const uint32_t bits = c < kPairs ? pair << 16 : pair & 0xffff0000u;
          memcpy(&weight, &bits, sizeof(bits));
        } else {
          weight = static_cast<const float *>(weights)[k * kWidth + c];
        }
        sums[c] = std::fma(value, weight, sums[c]);
      }
    }
    memcpy(y + r * y_stride, sums, sizeof(sums));
  }
}

static BlockFunction BlockOfThisProcessor(bool rounded) { return rounded ? BlockPortable<true> : BlockPortable<false>; }

#else

static BlockFunction BlockOfThisProcessor(bool) { return nullptr; }

#endif

// Whether this processor computes the product.
static bool Supported() { return BlockOfThisProcessor(false) != nullptr; }

}  // namespace packed_product
