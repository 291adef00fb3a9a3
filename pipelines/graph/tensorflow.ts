/** The TensorFlow engine: one copy a process, loaded once, on the main thread. Everything tensor-shaped in pipelines/ uses this `tf`. */
import { createRequire } from 'node:module'
import type * as tfTypes from '@tensorflow/tfjs-node-gpu'

const require = createRequire(import.meta.url)

// Two helpers that left Node's util in version 23 and that the addon's JavaScript still calls.
const util = require('node:util') as Record<string, unknown>
util['isNullOrUndefined'] ??= (value: unknown) => value == null
util['isArray'] ??= Array.isArray

// Errors only: the native library otherwise greets every process with its build flags.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'

export const tf = require('@tensorflow/tfjs-node-gpu') as typeof tfTypes
export type Tensor = tfTypes.Tensor
