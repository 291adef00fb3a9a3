import { backend } from '../../pipelines/graph/native.js'

export const tensorFlowVersion = (): Record<string, string> => ({ tensorflow: backend().binding.TF_Version })
