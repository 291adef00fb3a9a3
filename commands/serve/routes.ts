/** The routes that give rewards: how each reads a request, and how it says the scores. */

import type { ScoredResponse } from '../../pipelines/rewards/score-responses.js'
import type { Request } from '../../pipelines/rewards/serving/served-rows.js'
import {
  nemoGymAnswer,
  nemoGymRequest,
  openRlhfAnswer,
  openRlhfRequest,
  scoreRequest,
  slimeAnswer,
  slimeRequest,
} from '../../pipelines/rewards/serving/trainers.js'
import { Refusal } from './refusal.js'

interface Asked {
  body: unknown
  /** What follows `?` in the address. */
  query: unknown
}

export interface RewardRoute {
  path: string
  /** What asks it. */
  of: string
  rows: (body: unknown) => Request
  /** One score a row. */
  answer: (scores: readonly ScoredResponse[], asked: Asked) => unknown
}

/** `ends`: texts of end tokens. */
export function rewardRoutes(ends: readonly string[]): RewardRoute[] {
  return [
    { path: '/score', of: 'anyone', rows: scoreRequest, answer: scores => scores },
    {
      path: '/get_reward',
      of: 'OpenRLHF, remote_rm_url',
      rows: body => openRlhfRequest(body, ends),
      answer: openRlhfAnswer,
    },
    {
      path: '/reward',
      of: 'slime, remote_rm; /reward?as=object for --reward-key reward',
      rows: body => slimeRequest(body, ends),
      answer: ([score], { query }) => slimeAnswer(score as ScoredResponse, isObjectAsked(query) ? 'object' : 'number'),
    },
    {
      path: '/verify',
      of: 'NeMo Gym',
      rows: nemoGymRequest,
      answer: ([score], { body }) => nemoGymAnswer(body, score as ScoredResponse),
    },
  ]
}

export function noRoute(): Refusal {
  const posted = rewardRoutes([]).map(({ path }) => path)
  return new Refusal(404, {
    message: 'there is no such route',
    expected: `POST ${posted.join(', ')} or /seed_session, GET /healthz or /metrics`,
    remedy: 'correct the address',
  })
}

const isObjectAsked = (query: unknown): boolean =>
  typeof query === 'object' && query !== null && 'as' in query && query.as === 'object'
