/*
 * The arithmetic of one key and value head of one slot in attention-step.h, with sums as in layer-arithmetic.h: the products of as many
 * columns as a register has numbers are added up together.
 */

#include <utility>

namespace layer_passes {

static inline int64_t Rounded16(int64_t count) { return (count + kParts - 1) / kParts * kParts; }

// One key and value head of one slot, and the G heads of queries that see it. E is the width of a head.
struct AttentionHead {
  // [G, E], [E], [E]: before their rotation.
  const float *queries, *key, *value;
  // Angles of the token, [E] each, and the weights of the norms of heads, null if there are none.
  const float *cosine, *sine, *query_norm, *key_norm;
  float epsilon;
  int64_t heads, width;
  // Columns of the prompt that are seen, [length, E] each.
  const float *prompt_keys, *prompt_values;
  int64_t length;
  // Columns of the response up to that of the token, which is written: [column + 1, E] each.
  float *own_keys, *own_values;
  int64_t column;
  // Zeros: twice E, and length + column + 1, each rounded up to a multiple of sixteen.
  float *scratch;
  // [G, E]
  float *output;

  int64_t Columns() const { return length + column + 1; }
  const float *Key(int64_t c) const { return c < length ? prompt_keys + c * width : own_keys + (c - length) * width; }
  const float *Value(int64_t c) const { return c < length ? prompt_values + c * width : own_values + (c - length) * width; }
};

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))

template <typename Floats, typename Ints>
struct Attention : Passes<Floats, Ints> {
  using Base = Passes<Floats, Ints>;
  using Base::kLanes;

  // With a norm before, if there is one.
  RLEV_INLINE void Turn(const float *x, const AttentionHead &head, const float *norm, float *y) {
    if (norm != nullptr) Base::Norm(x, norm, head.width, head.epsilon, y);
    Base::template Rotate<false>(norm == nullptr ? x : y, head.cosine, head.sine, head.width, y);
  }

  // Numbers of a head: all of a vector, or, if the width is not a multiple of sixteen, those that are left, and zeros.
  template <bool whole>
  RLEV_INLINE void LoadPart(Floats &to, const float *from, int64_t left) {
    if constexpr (whole) {
      memcpy(&to, from, sizeof(to));
    } else if (left > 0) {
      Base::Load(to, from, left);
    } else {
      to = Floats{};
    }
  }

  // The sixteen parts of a product of two heads, in one vector: halves are added already if vectors are narrower. The width is a multiple
  // of sixteen.
  RLEV_INLINE void Parts(const float *a, const float *b, int64_t width, Floats &parts) {
    constexpr int64_t kVectors = kParts / kLanes;
    Floats sums[kVectors] = {};
    for (int64_t i = 0; i < width; i += kParts) {
      for (int64_t part = 0; part < kVectors; part++) {
        Floats left, right;
        memcpy(&left, a + i + part * kLanes, sizeof(left));
        memcpy(&right, b + i + part * kLanes, sizeof(right));
        sums[part] += left * right;
      }
    }
    for (int64_t half = kVectors / 2; half > 0; half /= 2) {
      for (int64_t part = 0; part < half; part++) sums[part] += sums[part + half];
    }
    parts = sums[0];
  }

  // Where number `to` of a merged vector comes from in two vectors of columns with parts of `size` numbers: their first or second half.
  template <int64_t size, bool second, size_t... to>
  RLEV_INLINE void Halves(const Floats &a, const Floats &b, Floats &halves, std::index_sequence<to...>) {
    constexpr int64_t half = size / 2;
    const Ints from = {static_cast<int32_t>(static_cast<int64_t>(to) / half * size + static_cast<int64_t>(to) % half +
                                            (second ? half : 0))...};
    halves = __builtin_shuffle(a, b, from);
  }

  // Two vectors of columns with `size` parts each become one with half as many parts of each.
  template <int64_t size>
  RLEV_INLINE void Merge(const Floats &a, const Floats &b, Floats &merged) {
    Floats first, second;
    Halves<size, false>(a, b, first, std::make_index_sequence<kLanes>());
    Halves<size, true>(a, b, second, std::make_index_sequence<kLanes>());
    merged = first + second;
  }

  // `count` vectors of columns with `size` parts each, to one number of each column, in `columns[0]`.
  template <int64_t size>
  RLEV_INLINE void MergeAll(Floats (&columns)[kLanes]) {
    if constexpr (size > 1) {
      for (int64_t i = 0; i < size; i += 2) Merge<size>(columns[i], columns[i + 1], columns[i / 2]);
      MergeAll<size / 2>(columns);
    }
  }

  // Caches are larger than those of the processor: fetches the next keys, and the values that are mixed afterwards.
  RLEV_INLINE void Fetch(const AttentionHead &head, int64_t first) {
    const int64_t count = head.Columns();
    for (int64_t c = first; c < std::min(count, first + kLanes); c++) {
      const float *key = head.Key(std::min(c + kLanes, count - 1)), *value = head.Value(c);
      for (int64_t i = 0; i < head.width; i += kParts) {
        __builtin_prefetch(key + i);
        __builtin_prefetch(value + i);
      }
    }
  }

  // Products of a query and every column's key; -infinity beyond the last column, up to a multiple of sixteen. A head that is not a
  // multiple of sixteen wide is multiplied with zeros beyond its end.
  template <bool whole>
  RLEV_INLINE void Scores(const AttentionHead &head, const float *query, float *scores, int64_t rounded) {
    const int64_t count = head.Columns(), width = Rounded16(head.width);
    float *filled = head.scratch + width;
    for (int64_t first = 0; first < rounded; first += kLanes) {
      Fetch(head, first);
      Floats columns[kLanes] = {};
      for (int64_t c = 0; c < std::min(kLanes, count - first); c++) {
        const float *key = head.Key(first + c);
        if constexpr (!whole) {
          memcpy(filled, key, head.width * sizeof(float));
          key = filled;
        }
        Parts(query, key, width, columns[c]);
      }
      MergeAll<kLanes>(columns);
      memcpy(scores + first, &columns[0], sizeof(Floats));
    }
    for (int64_t c = count; c < rounded; c++) scores[c] = -INFINITY;
  }

  // e^(x - max) in place, of a multiple of sixteen numbers. Gives their sum.
  RLEV_INLINE float Exponentials(float *x, int64_t count) {
    constexpr int64_t kVectors = kParts / kLanes;
    Floats tops[kVectors], sums[kVectors] = {};
    memcpy(tops, x, sizeof(tops));
    for (int64_t i = 0; i < count; i += kParts) {
      for (int64_t part = 0; part < kVectors; part++) {
        Floats value;
        memcpy(&value, x + i + part * kLanes, sizeof(value));
        tops[part] = value > tops[part] ? value : tops[part];
      }
    }
    const float largest = Base::Largest(tops);
    for (int64_t i = 0; i < count; i += kParts) {
      for (int64_t part = 0; part < kVectors; part++) {
        float *at = x + i + part * kLanes;
        Floats value;
        memcpy(&value, at, sizeof(value));
        value = value - largest;
        Base::Exponential(value);
        memcpy(at, &value, sizeof(value));
        sums[part] += value;
      }
    }
    return Base::Total(sums);
  }

  // Some numbers of the sum of the columns' values, each times its weight: even columns, odd columns, then both.
  template <bool whole, int64_t vectors>
  RLEV_INLINE void MixSome(const AttentionHead &head, const float *weights, float factor, int64_t from, float *output) {
    const int64_t count = head.Columns(), width = head.width;
    Floats even[vectors] = {}, odd[vectors] = {};
    for (int64_t c = 0; c < count; c += 2) {
      const bool both = c + 1 < count;
      const float *value = head.Value(c) + from, *next = both ? head.Value(c + 1) + from : value;
      const float weight = weights[c], of_next = both ? weights[c + 1] : 0.0f;
      for (int64_t part = 0; part < vectors; part++) {
        const int64_t at = part * kLanes;
        Floats numbers, others;
        LoadPart<whole>(numbers, value + at, width - from - at);
        LoadPart<whole>(others, next + at, width - from - at);
        even[part] += weight * numbers;
        odd[part] += of_next * others;
      }
    }
    for (int64_t part = 0; part < vectors; part++) {
      const int64_t left = width - from - part * kLanes;
      const Floats mixed = (even[part] + odd[part]) * factor;
      if (left > 0) Base::Store(output + from + part * kLanes, mixed, left);
    }
  }

  template <bool whole>
  RLEV_INLINE void Mix(const AttentionHead &head, const float *weights, float factor, float *output) {
    constexpr int64_t kVectors = kParts / kLanes;
    int64_t from = 0;
    for (; head.width - from >= 4 * kParts; from += 4 * kParts) {
      MixSome<whole, 4 * kVectors>(head, weights, factor, from, output);
    }
    for (; head.width - from >= 2 * kParts; from += 2 * kParts) {
      MixSome<whole, 2 * kVectors>(head, weights, factor, from, output);
    }
    for (; from < head.width; from += kParts) MixSome<whole, kVectors>(head, weights, factor, from, output);
  }

  template <bool whole>
  RLEV_INLINE void AttendHeads(const AttentionHead &head) {
    const int64_t width = head.width, rounded = Rounded16(head.Columns());
    float *query = head.scratch, *scores = head.scratch + 2 * Rounded16(width);
    for (int64_t h = 0; h < head.heads; h++) {
      Turn(head.queries + h * width, head, head.query_norm, query);
      Scores<whole>(head, query, scores, rounded);
      const float total = Exponentials(scores, rounded);
      Mix<whole>(head, scores, 1.0f / total, head.output + h * width);
    }
  }

  RLEV_INLINE void Attend(const AttentionHead &head) {
    Turn(head.key, head, head.key_norm, head.own_keys + head.column * head.width);
    memcpy(head.own_values + head.column * head.width, head.value, head.width * sizeof(float));
    if (head.width % kParts == 0) {
      AttendHeads<true>(head);
    } else {
      AttendHeads<false>(head);
    }
  }
};

#endif

}  // namespace layer_passes
