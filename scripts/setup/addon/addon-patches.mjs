/**
 * What is changed in the addon's sources before they are compiled (@tensorflow/tfjs-node-gpu 4.22.0). A tensor made of a typed
 * array shares its memory and keeps it by a reference. The addon deletes the reference where TensorFlow lets the tensor go,
 * which after a session's run may be one of TensorFlow's threads; Node's references are a list that belongs to the thread of
 * JavaScript, and deleting one elsewhere now and then breaks the list: memory of others is overwritten, and the process ends by a
 * signal. Here a reference is put aside, and deleted by the next call from JavaScript. And the addon gets sessions that grow
 * (growing-session.h), products for sampling (packed-product.h), and passes of a layer that are one operation (layer-passes.h,
 * attention-step.h).
 */
import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PartError } from '../part-error.mjs'

/** Sources of our own beside the addon's. */
const growingSession = 'growing-session.h'
/** In the order in which they are included. */
const operations = [
  'own-operation.h',
  'shared-work.h',
  'packed-blocks.h',
  'packed-product.h',
  'layer-arithmetic.h',
  'attention-arithmetic.h',
  'row-functions.h',
  'layer-passes.h',
  'attention-step.h',
]

/** Of this file and the sources of our own: part of an addon's name in the cache. */
export function patchDigest() {
  const hash = createHash('sha256')
  for (const file of ['addon-patches.mjs', growingSession, ...operations]) {
    hash.update(readFileSync(new URL(file, import.meta.url)))
  }
  return hash.digest('hex').slice(0, 12)
}

const patches = [
  {
    file: 'napi_auto_ref.h',
    find: `  virtual ~NapiAutoRef() {`,
    replace: `  napi_env env() const { return env_; }

  virtual ~NapiAutoRef() {`,
  },
  {
    file: 'tfjs_backend.cc',
    find: `#include <memory>
#include <set>
#include <string>
`,
    replace: `#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

${operations.map(file => `#include "${file}"`).join('\n')}
`,
  },
  {
    file: 'tfjs_backend.cc',
    find: `TFJSBackend::TFJSBackend(napi_env env)
    : next_tensor_id_(0), next_savedmodel_id_(0) {
`,
    replace: `bool TFJSBackend::HasOwnOperations() {
  const bool supported = packed_product::Supported() && layer_passes::FunctionsOfThisProcessor() != nullptr;
  return supported && packed_product::Register() && layer_passes::Register() && layer_passes::RegisterAttention();
}

TFJSBackend::TFJSBackend(napi_env env)
    : next_tensor_id_(0), next_savedmodel_id_(0) {
  HasOwnOperations();
`,
  },
  {
    file: 'tfjs_backend.cc',
    find: `// Callback to cleanup extra reference count for shared V8/TF tensor memory:
`,
    replace: `static std::mutex released_mutex;
// Never freed: TensorFlow's threads may let tensors go while the process ends.
static auto *released = new std::vector<NapiAutoRef *>();

// Called where TensorFlow lets a tensor go that shares V8's memory, on whatever thread:
`,
  },
  {
    file: 'tfjs_backend.cc',
    find: `  if (auto_ref->Cleanup() != napi_ok) {
#if DEBUG
    fprintf(stderr, "Exception cleaning up napi_ref instance\\n");
#endif
  }
  delete auto_ref;
}
`,
    replace: `  std::lock_guard<std::mutex> lock(released_mutex);
  released->push_back(auto_ref);
}

// On the thread of env: deletes the references to its arrays that TensorFlow has let go.
static void DeleteReleased(napi_env env) {
  std::vector<NapiAutoRef *> own;
  {
    std::lock_guard<std::mutex> lock(released_mutex);
    auto first = std::partition(
        released->begin(), released->end(),
        [env](NapiAutoRef *auto_ref) { return auto_ref->env() != env; });
    own.assign(first, released->end());
    released->erase(first, released->end());
  }
  for (NapiAutoRef *auto_ref : own) {
    auto_ref->Cleanup();
    delete auto_ref;
  }
}
`,
  },
  {
    file: 'tfjs_backend.cc',
    find: `  napi_status nstatus;

  std::vector<int64_t> shape_vector;
  ExtractArrayShape(env, shape_value, &shape_vector);
`,
    replace: `  DeleteReleased(env);
  napi_status nstatus;

  std::vector<int64_t> shape_vector;
  ExtractArrayShape(env, shape_value, &shape_vector);
`,
  },
  {
    file: 'tfjs_backend.cc',
    find: `void TFJSBackend::DeleteTensor(napi_env env, napi_value tensor_id_value) {
  int32_t tensor_id;
`,
    replace: `void TFJSBackend::DeleteTensor(napi_env env, napi_value tensor_id_value) {
  DeleteReleased(env);
  int32_t tensor_id;
`,
  },
  // A run that failed, for example because memory ran out, never released its inputs.
  {
    file: 'tfjs_backend.cc',
    find: `  if (TF_GetCode(tf_status.status) != TF_OK) {
    NAPI_THROW_ERROR(env, "Session fail to run with error: %s",
`,
    replace: `  if (TF_GetCode(tf_status.status) != TF_OK) {
    for (TF_Tensor *input : input_values) TF_DeleteTensor(input);
    NAPI_THROW_ERROR(env, "Session fail to run with error: %s",
`,
  },
  {
    file: 'tfjs_backend.cc',
    find: `napi_value TFJSBackend::GetNumOfSavedModels(napi_env env) {
  napi_status nstatus;
  napi_value num_saved_models;
  nstatus =
      napi_create_int32(env, tf_savedmodel_map_.size(), &num_saved_models);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  return num_saved_models;
}

}  // namespace tfnodejs
`,
    replace: `napi_value TFJSBackend::GetNumOfSavedModels(napi_env env) {
  napi_status nstatus;
  napi_value num_saved_models;
  nstatus =
      napi_create_int32(env, tf_savedmodel_map_.size(), &num_saved_models);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  return num_saved_models;
}

}  // namespace tfnodejs

#include "${growingSession}"
`,
  },
  {
    file: 'tfjs_backend.h',
    find: ` private:
  TFJSBackend(napi_env env);
`,
    replace: `  // Whether this processor computes the operations of our own.
  static bool HasOwnOperations();

  // Creates an empty session and returns its ID. Deleted and run as a SavedModel.
  // - config_value (Uint8Array, a ConfigProto)
  napi_value CreateSession(napi_env env, napi_value config_value);

  // Adds nodes to a session's graph.
  // - graph_def (Uint8Array, a GraphDef)
  // - known_names (outputs of the session's graph that the new nodes read)
  void GrowSession(napi_env env, napi_value session_value, napi_value graph_def,
                   napi_value known_names);

  // Adds a function to a session's graph. Its inputs are placeholders.
  void AddFunction(napi_env env, napi_value session_value, napi_value name,
                   napi_value graph_def, napi_value input_names,
                   napi_value output_names);

 private:
  TFJSBackend(napi_env env);

  TF_Graph *GraphOf(napi_env env, napi_value session_value);
`,
  },
  {
    file: 'tfjs_binding.cc',
    find: `static napi_value GetNumOfTensors(napi_env env, napi_callback_info info) {
`,
    replace: `// The arguments of a call, which must be as many.
static bool Arguments(napi_env env, napi_callback_info info, size_t count,
                      napi_value *args) {
  size_t argc = count;
  napi_status nstatus =
      napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, false);
  if (argc == count) return true;
  NAPI_THROW_ERROR(env, "Expecting %zu args but got %zu.", count, argc);
  return false;
}

static napi_value CreateSession(napi_env env, napi_callback_info info) {
  napi_value args[1];
  if (!Arguments(env, info, 1, args)) return nullptr;
  TFJSBackend *const backend = GetTFJSBackend(env);
  return backend ? backend->CreateSession(env, args[0]) : nullptr;
}

static napi_value HasOwnOperations(napi_env env, napi_callback_info) {
  napi_value has;
  napi_status nstatus =
      napi_get_boolean(env, TFJSBackend::HasOwnOperations(), &has);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  return has;
}

static napi_value GrowSession(napi_env env, napi_callback_info info) {
  napi_value args[3];
  if (!Arguments(env, info, 3, args)) return nullptr;
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (backend) backend->GrowSession(env, args[0], args[1], args[2]);
  return nullptr;
}

static napi_value AddFunction(napi_env env, napi_callback_info info) {
  napi_value args[5];
  if (!Arguments(env, info, 5, args)) return nullptr;
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (backend) {
    backend->AddFunction(env, args[0], args[1], args[2], args[3], args[4]);
  }
  return nullptr;
}

static napi_value GetNumOfTensors(napi_env env, napi_callback_info info) {
`,
  },
  {
    file: 'tfjs_binding.cc',
    find: `      {"TF_Version", nullptr, nullptr, nullptr, nullptr, tf_version,
`,
    replace: `      {"createSession", nullptr, CreateSession, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"hasOwnOperations", nullptr, HasOwnOperations, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"growSession", nullptr, GrowSession, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"addFunction", nullptr, AddFunction, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"TF_Version", nullptr, nullptr, nullptr, nullptr, tf_version,
`,
  },
]

/** Changes the sources in `folder`, the addon's `binding`. Throws where they are not those that the patches were made for. */
export function patchSources(folder) {
  for (const { file, find, replace } of patches) {
    const path = join(folder, file)
    const parts = readFileSync(path, 'utf8').split(find)
    if (parts.length !== 2) {
      throw new PartError({
        message: `the addon's ${file} is not the one that its patch was made for`,
        expected: `once: ${find.trim().split('\n')[0]}`,
        found: `${parts.length - 1} times`,
        remedy: 'install the version of @tensorflow/tfjs-node-gpu that package.json names',
      })
    }
    writeFileSync(path, parts.join(replace))
  }
  for (const file of [growingSession, ...operations]) {
    copyFileSync(new URL(file, import.meta.url), join(folder, file))
  }
}
