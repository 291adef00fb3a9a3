/*
 * Sessions that grow, for the addon of @tensorflow/tfjs-node-gpu: included at the end of its tfjs_backend.cc. The addon itself
 * only loads whole SavedModels. Here a session begins empty and takes one piece of a graph after the other; its variables stay
 * where they are, and what it has prepared for earlier runs stays prepared. It is run and deleted like a loaded SavedModel.
 */

namespace tfnodejs {

// A protobuf message of JavaScript, a Uint8Array. False after an exception.
static bool MessageOf(napi_env env, napi_value value, std::string *message) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  napi_status nstatus = napi_get_typedarray_info(env, value, &type, &length,
                                                 &data, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, false);
  if (type != napi_uint8_array) {
    NAPI_THROW_ERROR(env, "A message is not a Uint8Array");
    return false;
  }
  message->assign(static_cast<const char *>(data), length);
  return true;
}

// Names of `node:output`, separated by commas, as outputs of a graph. False after an exception.
static bool OutputsOf(napi_env env, TF_Graph *graph, napi_value names_value,
                      std::vector<TF_Output> *outputs,
                      std::vector<std::string> *nodes) {
  std::string names;
  napi_status nstatus = GetStringParam(env, names_value, names);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, false);
  for (size_t from = 0; from < names.length();) {
    const size_t to = std::min(names.find(',', from), names.length());
    const std::string name = names.substr(from, to - from);
    const size_t colon = name.rfind(':');
    const std::string node = name.substr(0, colon);
    TF_Operation *operation = TF_GraphOperationByName(graph, node.c_str());
    if (operation == nullptr || colon == std::string::npos) {
      NAPI_THROW_ERROR(env, "The graph has no output %s", name.c_str());
      return false;
    }
    outputs->push_back({operation, atoi(name.c_str() + colon + 1)});
    nodes->push_back(node);
    from = to + 1;
  }
  return true;
}

// Adds the nodes of a GraphDef to a graph. Inputs from `known` nodes are those that the graph has. False after an exception.
static bool Import(napi_env env, TF_Graph *graph, napi_value graph_def_value,
                   const std::vector<TF_Output> &known,
                   const std::vector<std::string> &nodes) {
  std::string graph_def;
  if (!MessageOf(env, graph_def_value, &graph_def)) return false;
  TF_ImportGraphDefOptions *options = TF_NewImportGraphDefOptions();
  for (size_t i = 0; i < known.size(); i++) {
    TF_ImportGraphDefOptionsAddInputMapping(options, nodes[i].c_str(),
                                            known[i].index, known[i]);
  }
  TF_Buffer *buffer = TF_NewBufferFromString(graph_def.data(), graph_def.size());
  TF_AutoStatus tf_status;
  TF_GraphImportGraphDef(graph, buffer, options, tf_status.status);
  TF_DeleteBuffer(buffer);
  TF_DeleteImportGraphDefOptions(options);
  ENSURE_TF_OK_RETVAL(env, tf_status, false);
  return true;
}

napi_value TFJSBackend::CreateSession(napi_env env, napi_value config_value) {
  std::string config;
  if (!MessageOf(env, config_value, &config)) return nullptr;
  TF_AutoStatus tf_status;
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_SetConfig(options, config.data(), config.size(), tf_status.status);
  TF_Graph *graph = TF_NewGraph();
  TF_Session *session =
      TF_GetCode(tf_status.status) == TF_OK
          ? TF_NewSession(graph, options, tf_status.status)
          : nullptr;
  TF_DeleteSessionOptions(options);
  if (session == nullptr) TF_DeleteGraph(graph);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  napi_value id;
  napi_status nstatus =
      napi_create_int32(env, InsertSavedModel(session, graph), &id);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  return id;
}

TF_Graph *TFJSBackend::GraphOf(napi_env env, napi_value session_value) {
  int32_t id;
  ENSURE_NAPI_OK_RETVAL(env, napi_get_value_int32(env, session_value, &id),
                        nullptr);
  auto entry = tf_savedmodel_map_.find(id);
  if (entry == tf_savedmodel_map_.end()) {
    NAPI_THROW_ERROR(env, "There is no session %d", id);
    return nullptr;
  }
  return entry->second.second;
}

void TFJSBackend::GrowSession(napi_env env, napi_value session_value,
                              napi_value graph_def, napi_value known_names) {
  TF_Graph *graph = GraphOf(env, session_value);
  if (graph == nullptr) return;
  std::vector<TF_Output> known;
  std::vector<std::string> nodes;
  if (!OutputsOf(env, graph, known_names, &known, &nodes)) return;
  Import(env, graph, graph_def, known, nodes);
}

void TFJSBackend::AddFunction(napi_env env, napi_value session_value,
                              napi_value name_value, napi_value graph_def,
                              napi_value input_names, napi_value output_names) {
  TF_Graph *graph = GraphOf(env, session_value);
  if (graph == nullptr) return;
  std::string name;
  ENSURE_NAPI_OK(env, GetStringParam(env, name_value, name));
  std::unique_ptr<TF_Graph, decltype(&TF_DeleteGraph)> body(TF_NewGraph(),
                                                            &TF_DeleteGraph);
  if (!Import(env, body.get(), graph_def, {}, {})) return;
  std::vector<TF_Output> inputs, outputs;
  std::vector<std::string> nodes;
  if (!OutputsOf(env, body.get(), input_names, &inputs, &nodes)) return;
  if (!OutputsOf(env, body.get(), output_names, &outputs, &nodes)) return;
  TF_AutoStatus tf_status;
  std::unique_ptr<TF_Function, decltype(&TF_DeleteFunction)> function(
      TF_GraphToFunction(body.get(), name.c_str(), 0, -1, nullptr,
                         inputs.size(), inputs.data(), outputs.size(),
                         outputs.data(), nullptr, nullptr, nullptr,
                         tf_status.status),
      &TF_DeleteFunction);
  ENSURE_TF_OK(env, tf_status);
  // AttrValue {b: true}. Without it TensorFlow would put the function's nodes in the place of every call.
  TF_FunctionSetAttrValueProto(function.get(), "_noinline", "\x28\x01", 2,
                               tf_status.status);
  ENSURE_TF_OK(env, tf_status);
  TF_GraphCopyFunction(graph, function.get(), nullptr, tf_status.status);
  ENSURE_TF_OK(env, tf_status);
}

}  // namespace tfnodejs
