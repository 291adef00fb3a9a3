import type { Policy } from '../../../pipelines/model/policy.js'

/** The values of a policy's weights, by name. */
export function valuesIn(policy: Policy): Map<string, number[]> {
  return new Map([...policy.weights.read()].map(([name, weight]) => [name, [...weight.dataSync()]]))
}
