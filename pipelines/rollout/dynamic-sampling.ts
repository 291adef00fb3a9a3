/**
 * Dynamic sampling, as in DAPO (Yu et al. 2025): prompts whose answers are all right or all wrong give no advantage, and are replaced by
 * further prompts, for a limited number of rounds. DAPO draws until the batch is full. Here a step keeps its size: what is not
 * replaced when the rounds are over stays, with advantages of 0. The paper has no such step.
 *
 * Every prompt and every draw is a function of (seed, step, round), so a repeated step is the same, and rounds that were kept are not
 * sampled again.
 */
import type { Item } from '../data/item.js'
import { stream } from '../random.js'
import type { DynamicDraws, Response, Rollout } from './response.js'

/** One round: its prompts with their responses, and which of them have a signal. */
export interface Round {
  prompts: readonly string[]
  /** Grouped by prompt, in the order of `prompts`. */
  responses: readonly Response[]
  /** For each prompt, whether the credits of its responses differ. */
  signal: readonly boolean[]
}

export interface DynamicSampling {
  step: number
  seed: number
  /** Prompts of a step. */
  prompts: number
  /** Rounds after the first. */
  rounds: number
  /** All items that are trained on. */
  items: readonly Item[]
  /** The prompts of the first round. */
  first: readonly Item[]
  /** Rounds that are kept already. */
  kept: readonly Round[]
  /** `firstPrompt` numbers the first of these prompts among all of the step: it keys their draws. */
  sample: (items: readonly Item[], firstPrompt: number) => Promise<Round>
  /** Gets all rounds so far, after each one. */
  keep: (rounds: readonly Round[]) => void
}

export async function sampleDynamically(options: DynamicSampling): Promise<Rollout> {
  const { step, prompts, rounds, items, first, kept, sample, keep } = options
  const known = new Map(items.map(item => [item.id, item]))
  const made: Round[] = []
  const used = new Set<string>()
  for (let round = 0; round <= rounds; round++) {
    const open = placesOf(made).filter(place => !place.signal).length
    if (round > 0 && open === 0) break
    const there = kept[round]
    const next = round === 0 ? first : furtherItems({ ...options, used, round, count: drawnFor(open, prompts) })
    if (next.length === 0) break
    made.push(there ?? (await sample(next, round * prompts)))
    for (const id of made.at(-1)?.prompts ?? []) used.add(id)
    if (there === undefined) keep(made)
  }
  const places = placesOf(made)
  const missing = places.find(({ prompt }) => !known.has(prompt))
  if (missing !== undefined) throw new RangeError(`a round of step ${step} has the unknown item ${missing.prompt}`)
  return {
    step,
    prompts: places.map(({ prompt }) => prompt),
    responses: places.flatMap(({ responses }) => responses),
    dynamic: drawsOf(made, places),
  }
}

interface Place {
  prompt: string
  responses: readonly Response[]
  signal: boolean
  round: number
}

function placesOf(rounds: readonly Round[]): Place[] {
  return filled(
    rounds.map((round, index) => groupsOf(round, index)),
    ({ signal }) => signal,
  )
}

/** What a step trains on: each prompt of the first round without a signal gives its place to the next one of a later round that has one. */
export function filled<Group>(rounds: readonly (readonly Group[])[], hasSignal: (group: Group) => boolean): Group[] {
  const [first = [], ...further] = rounds
  const waiting = further.flat().filter(hasSignal)
  return first.map(group => (hasSignal(group) ? group : (waiting.shift() ?? group)))
}

function groupsOf({ prompts, responses, signal }: Round, round: number): Place[] {
  const samples = responses.length / prompts.length
  return prompts.map((prompt, index) => ({
    prompt,
    responses: responses.slice(index * samples, (index + 1) * samples),
    signal: signal[index] === true,
    round,
  }))
}

function drawsOf(rounds: readonly Round[], places: readonly Place[]): DynamicDraws {
  const all = rounds.flatMap(({ responses }) => responses)
  return {
    rounds: rounds.length - 1,
    prompts: rounds.reduce((sum, { prompts }) => sum + prompts.length, 0),
    replaced: places.filter(({ round }) => round > 0).length,
    left: places.filter(({ signal }) => !signal).length,
    tokens: all.reduce((sum, { tokens }) => sum + tokens.length, 0),
  }
}

/** How many prompts a round draws for so many places: the step's number, its half or its quarter, so that there are few graphs. */
export function drawnFor(open: number, prompts: number): number {
  const [quarter, half] = [Math.ceil(prompts / 4), Math.ceil(prompts / 2)]
  return [quarter, half].find(size => size >= open) ?? prompts
}

/**
 * The next items of a series for replacements, which is another one than that of the first rounds: endless passes over the items, of which
 * each round of each step has a part. Items that the step has used already are skipped.
 */
export function furtherItems({
  items,
  used,
  prompts,
  count,
  rounds,
  round,
  step,
  seed,
}: Pick<DynamicSampling, 'items' | 'prompts' | 'rounds' | 'step' | 'seed'> & {
  used: ReadonlySet<string>
  count: number
  /** From 1. */
  round: number
}): Item[] {
  const { permutation } = stream(seed, 'order of replacements')
  const passes = new Map<number, number[]>()
  const start = ((step - 1) * rounds + (round - 1)) * prompts
  const chosen = new Map<string, Item>()
  for (let position = start; position < start + items.length && chosen.size < count; position++) {
    const pass = Math.floor(position / items.length)
    const order = passes.get(pass) ?? permutation(items.length, pass)
    passes.set(pass, order)
    const item = items[order[position % items.length] as number] as Item
    if (!used.has(item.id)) chosen.set(item.id, item)
  }
  return [...chosen.values()]
}
