/** TensorFlow, loaded once in a process, on the main thread. All of pipelines/ imports `tf` from here. */
import { createRequire } from 'node:module'
import type * as tfTypes from '@tensorflow/tfjs-node-gpu'

const require = createRequire(import.meta.url)

// Node 23 removed two helpers of util that the addon's JavaScript still calls.
const util = require('node:util') as Record<string, unknown>
util['isNullOrUndefined'] ??= (value: unknown) => value == null
util['isArray'] ??= Array.isArray

// Errors only. Otherwise the native library prints its build flags in every process.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'

export const tf = require('@tensorflow/tfjs-node-gpu') as typeof tfTypes
export type Tensor = tfTypes.Tensor
