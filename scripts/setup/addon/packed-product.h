/*
 * Two operations for sampling: RlevPackedProduct, y [M, N] = x [M, K] W^T for W [N, K], and RlevPack, which packs W for it
 * (packed-blocks.h), so that the weights of 32 outputs are read from memory in one run, once for all rows. Products of few
 * rows in TensorFlow first copy the matrix into another order, each time: reading, writing and reading it again.
 */

#include <memory>
#include <vector>

namespace packed_product {

using namespace own_operation;

static int64_t BlocksOf(int64_t outputs) { return (outputs + kWidth - 1) / kWidth; }

// Inputs and outputs are alive while blocks are left to begin.
struct Product : shared_work::Job {
  using Job::Job;
  const float *x;
  const char *w;
  float *y;
  int64_t rows, depth, outputs, block_bytes;
  BlockFunction block;

  void Block(int64_t at) override {
    const int64_t left = outputs - at * kWidth;
    if (left >= kWidth) {
      block(x, rows, depth, w + at * block_bytes, y + at * kWidth, outputs);
      return;
    }
    std::vector<float> whole(rows * kWidth);
    block(x, rows, depth, w + at * block_bytes, whole.data(), kWidth);
    for (int64_t r = 0; r < rows; r++) {
      memcpy(y + r * outputs + at * kWidth, whole.data() + r * kWidth, left * sizeof(float));
    }
  }
};

// W [N, K] to its packed form.
struct Packing : shared_work::Job {
  using Job::Job;
  const float *w;
  void *packed;
  int64_t depth, outputs;
  bool rounded;

  void Block(int64_t at) override {
    const float *from = w + at * kWidth * depth;
    const int64_t there = std::min(kWidth, outputs - at * kWidth);
    const auto weight = [&](int64_t c, int64_t k) { return c < there ? from[c * depth + k] : 0.0f; };
    // A few steps k at a time, so that the rows that are read stay in the cache.
    for (int64_t first = 0; first < depth; first += 16) {
      const int64_t last = std::min(depth, first + 16);
      if (rounded) {
        auto *to = static_cast<uint32_t *>(packed) + at * kPairs * depth;
        for (int64_t k = first; k < last; k++) {
          for (int64_t c = 0; c < kPairs; c++) {
            to[k * kPairs + c] = Rounded(weight(c, k)) >> 16 | Rounded(weight(c + kPairs, k));
          }
        }
      } else {
        auto *to = static_cast<float *>(packed) + at * kWidth * depth;
        for (int64_t k = first; k < last; k++) {
          for (int64_t c = 0; c < kWidth; c++) to[k * kWidth + c] = weight(c, k);
        }
      }
    }
  }
};

// Number of outputs N, an attribute: the last block of W may have fewer than 32.
static void *CreateProduct(TF_OpKernelConstruction *construction) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  auto *outputs = new int64_t(0);
  TF_OpKernelConstruction_GetAttrInt64(construction, "outputs", outputs, status.get());
  if (!Ok(status)) TF_OpKernelConstruction_Failure(construction, status.get());
  return outputs;
}

static void DeleteProduct(void *outputs) { delete static_cast<int64_t *>(outputs); }

static void ComputeProduct(void *kernel, TF_OpKernelContext *context) {
  const int64_t outputs = *static_cast<int64_t *>(kernel);
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  const OwnTensor x = InputOf(context, 0, status), w = InputOf(context, 1, status);
  if (!Ok(status)) return TF_OpKernelContext_Failure(context, status.get());
  const bool rounded = TF_TensorType(w.get()) == TF_INT32;
  const BlockFunction block = BlockOfThisProcessor(rounded);
  const int64_t step = rounded ? kPairs : kWidth;
  const bool shaped = TF_NumDims(x.get()) == 2 && TF_NumDims(w.get()) == 3 && TF_Dim(w.get(), 2) == step &&
                      TF_Dim(x.get(), 1) == TF_Dim(w.get(), 1) && TF_Dim(w.get(), 0) == BlocksOf(outputs);
  if (!shaped || block == nullptr) {
    TF_SetStatus(status.get(), TF_INVALID_ARGUMENT,
                 shaped ? "this processor has no fused multiply-adds" : "expected x [M, K] and W packed by RlevPack");
    return TF_OpKernelContext_Failure(context, status.get());
  }
  const int64_t rows = TF_Dim(x.get(), 0), depth = TF_Dim(x.get(), 1), blocks = TF_Dim(w.get(), 0);
  const OwnTensor y = OutputOf(context, 0, TF_FLOAT, {rows, outputs}, status);
  if (!Ok(status)) return TF_OpKernelContext_Failure(context, status.get());
  const auto product = std::make_shared<Product>(rows == 0 ? 0 : blocks);
  const auto *values = static_cast<const float *>(TF_TensorData(x.get()));
  std::vector<float> narrow(rounded ? rows * depth : 0);
  for (size_t i = 0; i < narrow.size(); i++) {
    const uint32_t bits = Rounded(values[i]);
    memcpy(&narrow[i], &bits, sizeof(bits));
  }
  product->x = rounded ? narrow.data() : values;
  product->w = static_cast<const char *>(TF_TensorData(w.get()));
  product->y = static_cast<float *>(TF_TensorData(y.get()));
  product->rows = rows;
  product->depth = depth;
  product->outputs = outputs;
  product->block_bytes = depth * step * 4;
  product->block = block;
  shared_work::Helpers::Shared().Run(product);
}

static void ComputePacking(TF_OpKernelContext *context, bool rounded) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  const OwnTensor w = InputOf(context, 0, status);
  if (!Ok(status)) return TF_OpKernelContext_Failure(context, status.get());
  if (TF_NumDims(w.get()) != 2) {
    TF_SetStatus(status.get(), TF_INVALID_ARGUMENT, "expected a matrix");
    return TF_OpKernelContext_Failure(context, status.get());
  }
  const int64_t outputs = TF_Dim(w.get(), 0), depth = TF_Dim(w.get(), 1), blocks = BlocksOf(outputs);
  const std::vector<int64_t> shape = {blocks, depth, rounded ? kPairs : kWidth};
  const OwnTensor packed = OutputOf(context, 0, rounded ? TF_INT32 : TF_FLOAT, shape, status);
  if (!Ok(status)) return TF_OpKernelContext_Failure(context, status.get());
  const auto packing = std::make_shared<Packing>(blocks);
  packing->w = static_cast<const float *>(TF_TensorData(w.get()));
  packing->packed = TF_TensorData(packed.get());
  packing->depth = depth;
  packing->outputs = outputs;
  packing->rounded = rounded;
  shared_work::Helpers::Shared().Run(packing);
}

// Once for the process. False if TensorFlow refuses an operation.
static bool Register() {
  static const bool registered =
      RegisterOne("RlevPack", {"w: float"}, {}, {"packed: float"},
                  {nullptr, [](void *, TF_OpKernelContext *context) { ComputePacking(context, false); }, nullptr}) &&
      RegisterOne("RlevPackRounded", {"w: float"}, {}, {"packed: int32"},
                  {nullptr, [](void *, TF_OpKernelContext *context) { ComputePacking(context, true); }, nullptr}) &&
      RegisterOne("RlevPackedProduct", {"x: float", "w: W"}, {"W: {float, int32}", "outputs: int"}, {"y: float"},
                  {&CreateProduct, &ComputeProduct, &DeleteProduct});
  return registered;
}

}  // namespace packed_product
