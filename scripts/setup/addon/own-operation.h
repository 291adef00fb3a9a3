/* Operations of our own in TensorFlow: tensors of a kernel's call, and the registration, by TensorFlow's C API. */

#include <memory>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

namespace own_operation {

struct TensorDeleter {
  void operator()(TF_Tensor *tensor) const { TF_DeleteTensor(tensor); }
};
using OwnTensor = std::unique_ptr<TF_Tensor, TensorDeleter>;
using OwnStatus = std::unique_ptr<TF_Status, decltype(&TF_DeleteStatus)>;

static bool Ok(const OwnStatus &status) { return TF_GetCode(status.get()) == TF_OK; }

static OwnTensor InputOf(TF_OpKernelContext *context, int index, const OwnStatus &status) {
  TF_Tensor *tensor = nullptr;
  if (Ok(status)) TF_GetInput(context, index, &tensor, status.get());
  return OwnTensor(tensor);
}

static OwnTensor OutputOf(TF_OpKernelContext *context, int index, TF_DataType type, const std::vector<int64_t> &shape,
                          const OwnStatus &status) {
  int64_t size = 4;
  for (const int64_t length : shape) size *= length;
  return OwnTensor(TF_AllocateOutput(context, index, type, shape.data(), static_cast<int>(shape.size()), size, status.get()));
}

// What TensorFlow calls for one operation.
struct Kernel {
  void *(*create)(TF_OpKernelConstruction *);
  void (*compute)(void *, TF_OpKernelContext *);
  void (*destroy)(void *);
};

static bool RegisterOne(const char *name, const std::vector<const char *> &inputs,
                        const std::vector<const char *> &attributes, const std::vector<const char *> &outputs,
                        const Kernel &kernel) {
  OwnStatus status(TF_NewStatus(), &TF_DeleteStatus);
  TF_OpDefinitionBuilder *definition = TF_NewOpDefinitionBuilder(name);
  for (const char *input : inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char *attribute : attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  for (const char *output : outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, [](TF_ShapeInferenceContext *context, TF_Status *to) {
    TF_ShapeInferenceContextSetUnknownShape(context, to);
  });
  TF_RegisterOpDefinition(definition, status.get());
  if (!Ok(status)) return false;
  TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", kernel.create, kernel.compute, kernel.destroy),
                           status.get());
  return Ok(status);
}

}  // namespace own_operation
