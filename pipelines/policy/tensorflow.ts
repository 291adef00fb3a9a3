import { createRequire } from 'node:module'
import util from 'node:util'
import type * as tfTypes from '@tensorflow/tfjs-node-gpu'

const require = createRequire(import.meta.url)
Object.assign(util, { isNullOrUndefined: 1 })
export const tf = require('@tensorflow/tfjs-node-gpu') as typeof tfTypes
export type Tensor = tfTypes.Tensor
