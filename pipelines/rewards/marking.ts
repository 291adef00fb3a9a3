/**
 * Marks of many responses at once. Rules give them here; what needs a process, a server or a judge is asked outside of pipelines/, by a
 * function of the same form.
 */
import type { ExperimentConfig } from '../config/schema.js'
import type { Item } from '../data/item.js'
import type { Mark } from './mark.js'
import { verify } from './verify.js'

export interface Answered {
  response: { text: string; finish: 'stop' | 'length' }
  item: Item
}

export interface ReasonedMark extends Mark {
  /** Why it is unscored, if that is known. */
  reason?: string
}

/** In the order of the responses. */
export type MarkResponses = (
  responses: readonly Answered[],
  reward: ExperimentConfig['reward'],
) => Promise<readonly ReasonedMark[]>

export const markByRule: MarkResponses = async (responses, reward) =>
  responses.map(({ response, item }) => verify({ response, item, reward }))
