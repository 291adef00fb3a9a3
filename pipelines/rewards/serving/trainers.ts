/**
 * The requests and answers of trainers that ask a server for rewards: OpenRLHF (`remote_rm_url`), slime (`remote_rm`), NeMo Gym
 * (`/verify`). Each has a field for the reward and another one for correctness where it reads one: filters read correctness only, or
 * they would drop prompts by their value.
 *
 * A response without a verdict is told apart from a wrong one where the trainer has a place for it. Its reward is 0, as none takes null.
 */
import { BadField, type Fields } from '../../data/files/fields.js'
import { given } from '../../given.js'
import type { ScoredResponse } from '../score-responses.js'
import { afterPrompt } from './after-prompt.js'
import { endedResponse } from './ends.js'
import { fieldsOfLabel } from './label.js'
import { outputOf } from './model-response.js'
import { fieldsOfRow, listOf, objectOf, type Request, textField } from './served-rows.js'

/** `/score`: a list of rows. */
export function scoreRequest(body: unknown): Request {
  return { rows: listOf(body, 'the body').map(row => () => fieldsOfRow(row)), rewarded: false }
}

/** `/get_reward` of OpenRLHF: three lists, one sample in each place. */
export function openRlhfRequest(body: unknown, ends: readonly string[]): Request {
  const { query, prompts, labels } = objectOf(body, 'the body')
  const queries = listOf(query, 'query')
  const [promptList, labelList] = [listOf(prompts, 'prompts'), listOf(labels, 'labels')]
  const rows = queries.map((text, index) => () => {
    const prompt = textField(promptList[index], 'prompt (prompts)')
    const response = afterPrompt(textField(text, 'query'), prompt)
    if (response === null) {
      throw new BadField('the query does not begin with its prompt (prompts), so the response in it is not known')
    }
    return { ...fieldsOfLabel(labelList[index]), prompt, ...responseFields(response, ends) }
  })
  return { rows, rewarded: true }
}

export function openRlhfAnswer(scores: readonly ScoredResponse[]): object {
  const values = scores.map(({ value }) => value)
  return {
    rewards: scores.map(rewardIn),
    scores: scores.map(correctness),
    extra_logs: {
      credit: scores.map(({ credit }) => credit ?? 0),
      scale: scores.map(({ scale }) => scale ?? 0),
      unscored: scores.map(isUnscored),
      // Each log is a tensor: it has a number for every sample, or is left out.
      ...given({ value: values.includes(null) ? undefined : values }),
    },
  }
}

/** `/reward` of slime: one sample. */
export function slimeRequest(body: unknown, ends: readonly string[]): Request {
  const { prompt, response, label } = objectOf(body, 'the body')
  const row = () => ({
    ...fieldsOfLabel(label),
    ...given({ prompt }),
    ...responseFields(textField(response, 'response'), ends),
  })
  return { rows: [row], rewarded: true }
}

/** A number, or an object for `--reward-key reward --eval-reward-key acc`. */
export function slimeAnswer(score: ScoredResponse, form: 'number' | 'object'): number | object {
  return form === 'number' ? rewardIn(score) : { reward: rewardIn(score), acc: correctness(score), ...parts(score) }
}

/** `/verify` of NeMo Gym: the fields of a row beside what the model was asked and said. */
export function nemoGymRequest(body: unknown): Request {
  const { response, responses_create_params: asked, ...fields } = objectOf(body, 'the body')
  const row = () => {
    const input = typeof asked === 'object' && asked !== null ? (asked as Fields)['input'] : undefined
    const prompt = promptIn(input)
    return { ...given({ prompt }), ...fields, ...outputOf(response) }
  }
  return { rows: [row], rewarded: true }
}

/** The row back, with the reward and the numbers that it is made of. */
export function nemoGymAnswer(body: unknown, score: ScoredResponse): object {
  const { credit, value, scale } = score
  const components = {
    correct: correctness(score),
    credit: credit ?? 0,
    unscored: isUnscored(score),
    ...given({ value: value ?? undefined, scale: scale ?? undefined }),
  }
  return { ...objectOf(body, 'the body'), reward: rewardIn(score), reward_components: components }
}

/** Text, or messages of text; other input is left out, because only judges and verifiers of users read it. */
function promptIn(input: unknown): unknown {
  if (typeof input === 'string') return input
  if (!Array.isArray(input)) return undefined
  const messages = input.filter(
    one => typeof one === 'object' && one !== null && typeof (one as Fields)['content'] === 'string',
  )
  return messages.length === 0 ? undefined : messages
}

function responseFields(text: string, ends: readonly string[]): Fields {
  const ended = endedResponse(text, ends)
  return { response: ended.text, finish: ended.finish }
}

const rewardIn = ({ reward }: ScoredResponse): number => reward ?? 0

const correctness = ({ verdict }: ScoredResponse): 0 | 1 => (verdict === 'correct' ? 1 : 0)

const isUnscored = ({ verdict }: ScoredResponse): 0 | 1 => (verdict === 'unscored' ? 1 : 0)

function parts(score: ScoredResponse): object {
  const { credit, value, scale, reason } = score
  return { credit, value, scale, unscored: isUnscored(score), ...given({ reason }) }
}
