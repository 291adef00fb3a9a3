import type { Policy } from '../../../pipelines/model/policy.js'

/** The numbers in a policy's weights, by name. */
export function valuesIn(policy: Policy): Map<string, number[]> {
  return new Map([...policy.weights.read()].map(([name, weight]) => [name, [...weight.dataSync()]]))
}
