/*
 * What a layer and the loss compute beside their products, each in one pass over memory where TensorFlow takes six to ten:
 * RlevGated (SwiGLU), RlevNorm (RMSNorm), RlevRotate (rotary positions) and their gradients, and RlevLogProbability with its
 * derivatives (layer-arithmetic.h).
 * Threads share blocks of rows. The block of a row depends on the width only.
 */

namespace layer_passes {

using namespace own_operation;

// Numbers of a block of rows, about.
constexpr int64_t kBlock = 16384;

// `run` gets a range of rows, and the number of their block.
struct Rows : shared_work::Job {
  using Range = std::function<void(int64_t from, int64_t to, int64_t block)>;

  Rows(int64_t rows, int64_t width, Range run)
      : Job(Blocks(rows, width)), rows_(rows), width_(width), run_(std::move(run)) {}

  static int64_t OfBlock(int64_t width) { return std::max<int64_t>(1, kBlock / std::max<int64_t>(1, width)); }
  static int64_t Blocks(int64_t rows, int64_t width) { return (rows + OfBlock(width) - 1) / OfBlock(width); }

 private:
  void Block(int64_t at) override {
    const int64_t from = at * OfBlock(width_);
    run_(from, std::min(rows_, from + OfBlock(width_)), at);
  }

  const int64_t rows_, width_;
  const Range run_;
};

static void EachBlock(int64_t rows, int64_t width, Rows::Range run) {
  shared_work::Helpers::Shared().Run(std::make_shared<Rows>(rows, width, std::move(run)));
}

static std::vector<int64_t> ShapeOf(const OwnTensor &tensor) {
  std::vector<int64_t> shape(TF_NumDims(tensor.get()));
  for (size_t i = 0; i < shape.size(); i++) shape[i] = TF_Dim(tensor.get(), static_cast<int>(i));
  return shape;
}

static const float *Read(const OwnTensor &tensor) { return static_cast<const float *>(TF_TensorData(tensor.get())); }
static float *Write(const OwnTensor &tensor) { return static_cast<float *>(TF_TensorData(tensor.get())); }
static int64_t Count(const OwnTensor &tensor) { return TF_TensorElementCount(tensor.get()); }

static void Refuse(TF_OpKernelContext *context, const OwnStatus &status, const char *expected) {
  if (Ok(status)) TF_SetStatus(status.get(), TF_INVALID_ARGUMENT, expected);
  TF_OpKernelContext_Failure(context, status.get());
}

static void ComputeGated(void *, TF_OpKernelContext *context) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  const OwnTensor both = InputOf(context, 0, status);
  std::vector<int64_t> shape = Ok(status) ? ShapeOf(both) : std::vector<int64_t>();
  if (shape.empty() || shape.back() % 2 != 0) return Refuse(context, status, "expected gate and up side by side, [..., 2 M]");
  const int64_t width = shape.back() /= 2;
  const OwnTensor y = OutputOf(context, 0, TF_FLOAT, shape, status);
  if (!Ok(status)) return Refuse(context, status, "");
  const float *from = Read(both);
  float *to = Write(y);
  EachBlock(width == 0 ? 0 : Count(y) / width, width, [=](int64_t row, int64_t end, int64_t) {
    for (; row < end; row++) FunctionsOfThisProcessor()->gated(from + 2 * row * width, width, to + row * width);
  });
}

static void ComputeGatedGradient(void *, TF_OpKernelContext *context) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  const OwnTensor both = InputOf(context, 0, status), dy = InputOf(context, 1, status);
  if (!Ok(status) || TF_NumDims(dy.get()) == 0 || Count(both) != 2 * Count(dy))
    return Refuse(context, status, "expected gate and up [..., 2 M] and a gradient [..., M]");
  const int64_t width = ShapeOf(dy).back();
  const OwnTensor dboth = OutputOf(context, 0, TF_FLOAT, ShapeOf(both), status);
  if (!Ok(status)) return Refuse(context, status, "");
  const float *from = Read(both), *slope = Read(dy);
  float *to = Write(dboth);
  EachBlock(width == 0 ? 0 : Count(dy) / width, width, [=](int64_t row, int64_t end, int64_t) {
    for (; row < end; row++) {
      const int64_t at = 2 * row * width;
      FunctionsOfThisProcessor()->gated_gradient(from + at, slope + row * width, width, to + at);
    }
  });
}

static void *CreateNorm(TF_OpKernelConstruction *construction) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  auto *epsilon = new float(0);
  TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", epsilon, status.get());
  if (!Ok(status)) TF_OpKernelConstruction_Failure(construction, status.get());
  return epsilon;
}

static void DeleteNorm(void *epsilon) { delete static_cast<float *>(epsilon); }

static bool AreNormed(const OwnTensor &x, const OwnTensor &w) {
  return TF_NumDims(x.get()) > 0 && TF_NumDims(w.get()) == 1 && ShapeOf(x).back() == Count(w);
}

static void ComputeNorm(void *kernel, TF_OpKernelContext *context) {
  const float epsilon = *static_cast<float *>(kernel);
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  const OwnTensor x = InputOf(context, 0, status), w = InputOf(context, 1, status);
  if (!Ok(status) || !AreNormed(x, w)) return Refuse(context, status, "expected x [..., D] and a weight [D]");
  const OwnTensor y = OutputOf(context, 0, TF_FLOAT, ShapeOf(x), status);
  if (!Ok(status)) return Refuse(context, status, "");
  const int64_t width = Count(w);
  const float *from = Read(x), *weight = Read(w);
  float *to = Write(y);
  EachBlock(width == 0 ? 0 : Count(x) / width, width, [=](int64_t row, int64_t end, int64_t) {
    for (; row < end; row++) {
      FunctionsOfThisProcessor()->norm(from + row * width, weight, width, epsilon, to + row * width);
    }
  });
}

static void ComputeNormGradient(void *kernel, TF_OpKernelContext *context) {
  const float epsilon = *static_cast<float *>(kernel);
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  const OwnTensor x = InputOf(context, 0, status), w = InputOf(context, 1, status), dy = InputOf(context, 2, status);
  if (!Ok(status) || !AreNormed(x, w) || Count(dy) != Count(x))
    return Refuse(context, status, "expected x [..., D], a weight [D] and a gradient [..., D]");
  const OwnTensor dx = OutputOf(context, 0, TF_FLOAT, ShapeOf(x), status);
  const OwnTensor dw = Ok(status) ? OutputOf(context, 1, TF_FLOAT, ShapeOf(w), status) : OwnTensor();
  if (!Ok(status)) return Refuse(context, status, "");
  const int64_t width = Count(w), rows = width == 0 ? 0 : Count(x) / width;
  std::vector<float> of_blocks(Rows::Blocks(rows, width) * width);
  const float *from = Read(x), *weight = Read(w), *slope = Read(dy);
  float *to = Write(dx), *sums = of_blocks.data();
  EachBlock(rows, width, [=](int64_t row, int64_t end, int64_t block) {
    for (; row < end; row++) {
      const int64_t at = row * width;
      FunctionsOfThisProcessor()->norm_gradient(from + at, weight, slope + at, width, epsilon, to + at,
                                                sums + block * width);
    }
  });
  float *total = Write(dw);
  std::fill(total, total + width, 0.0f);
  for (size_t at = 0; at < of_blocks.size(); at++) total[at % width] += sums[at];
}

// Of heads [N, C, E] by the angles of their tokens, cosine and sine of N E numbers each.
static void ComputeRotation(TF_OpKernelContext *context, bool gradient) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  const OwnTensor x = InputOf(context, 0, status), cosine = InputOf(context, 1, status), sine = InputOf(context, 2, status);
  if (!Ok(status) || TF_NumDims(x.get()) != 3 || TF_Dim(x.get(), 2) % 2 != 0 ||
      Count(cosine) != TF_Dim(x.get(), 0) * TF_Dim(x.get(), 2) || Count(sine) != Count(cosine))
    return Refuse(context, status, "expected heads [N, C, E] and angles [N, E]");
  const OwnTensor y = OutputOf(context, 0, TF_FLOAT, ShapeOf(x), status);
  if (!Ok(status)) return Refuse(context, status, "");
  const int64_t rows = TF_Dim(x.get(), 0), heads = TF_Dim(x.get(), 1), width = TF_Dim(x.get(), 2);
  const float *from = Read(x), *angles[] = {Read(cosine), Read(sine)};
  float *to = Write(y);
  EachBlock(rows, heads * width, [=](int64_t row, int64_t end, int64_t) {
    const auto rotate = gradient ? FunctionsOfThisProcessor()->rotate_gradient : FunctionsOfThisProcessor()->rotate;
    for (; row < end; row++) {
      for (int64_t at = row * heads * width; at < (row + 1) * heads * width; at += width) {
        rotate(from + at, angles[0] + row * width, angles[1] + row * width, width, to + at);
      }
    }
  });
}

static void ComputeLogProbability(void *, TF_OpKernelContext *context) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  OwnTensor logits = InputOf(context, 0, status);
  const OwnTensor targets = InputOf(context, 1, status);
  if (!Ok(status) || TF_NumDims(logits.get()) != 2 || TF_Dim(logits.get(), 0) != Count(targets))
    return Refuse(context, status, "expected logits [N, V] and targets [N]");
  const std::vector<int64_t> shape = ShapeOf(logits);
  const int64_t rows = shape[0], width = shape[1];
  const auto *target = static_cast<const int32_t *>(TF_TensorData(targets.get()));
  const bool inside = std::all_of(target, target + rows, [=](int32_t at) { return at >= 0 && at < width; });
  if (!inside) return Refuse(context, status, "a target is outside the vocabulary");
  // The derivatives take the place of the logits if nobody else has them. A tensor of this call would be somebody.
  const float *from = Read(logits);
  logits.reset();
  const int candidates[] = {0};
  int forwarded = -1;
  const OwnTensor slope(TF_ForwardInputOrAllocateOutput(context, candidates, 1, 1, shape.data(), 2, &forwarded, status.get()));
  const OwnTensor chosen = Ok(status) ? OutputOf(context, 0, TF_FLOAT, {rows}, status) : OwnTensor();
  if (!Ok(status)) return Refuse(context, status, "");
  float *to = Write(slope), *of_target = Write(chosen);
  EachBlock(rows, width, [=](int64_t row, int64_t end, int64_t) {
    for (; row < end; row++) {
      of_target[row] =
          FunctionsOfThisProcessor()->log_probability(from + row * width, target[row], width, to + row * width);
    }
  });
}

// Once for the process. False if TensorFlow refuses an operation.
static bool Register() {
  const Kernel norm = {&CreateNorm, &ComputeNorm, &DeleteNorm};
  const Kernel norm_gradient = {&CreateNorm, &ComputeNormGradient, &DeleteNorm};
  static const bool registered =
      RegisterOne("RlevGated", {"both: float"}, {}, {"y: float"}, {nullptr, &ComputeGated, nullptr}) &&
      RegisterOne("RlevGatedGradient", {"both: float", "dy: float"}, {}, {"dboth: float"},
                  {nullptr, &ComputeGatedGradient, nullptr}) &&
      RegisterOne("RlevNorm", {"x: float", "w: float"}, {"epsilon: float"}, {"y: float"}, norm) &&
      RegisterOne("RlevNormGradient", {"x: float", "w: float", "dy: float"}, {"epsilon: float"}, {"dx: float", "dw: float"},
                  norm_gradient) &&
      RegisterOne("RlevRotate", {"x: float", "cosine: float", "sine: float"}, {}, {"y: float"},
                  {nullptr, [](void *, TF_OpKernelContext *context) { ComputeRotation(context, false); }, nullptr}) &&
      RegisterOne("RlevRotateGradient", {"dy: float", "cosine: float", "sine: float"}, {}, {"dx: float"},
                  {nullptr, [](void *, TF_OpKernelContext *context) { ComputeRotation(context, true); }, nullptr}) &&
      RegisterOne("RlevLogProbability", {"logits: float", "targets: int32"}, {}, {"chosen: float", "slope: float"},
                  {nullptr, &ComputeLogProbability, nullptr});
  return registered;
}

}  // namespace layer_passes
