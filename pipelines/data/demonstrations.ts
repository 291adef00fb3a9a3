/**
 * The demonstrations of one warm-start step, for both sources of data. The paper starts from a base model and has no such
 * phase. A policy made from scratch needs one: without any correct answer there is no reward to learn from.
 */
import type { ExperimentConfig } from '../config/schema.js'
import { stream } from '../random.js'
import { sectionNames } from './exams.js'
import type { DataSet, Item, Prompt } from './item.js'
import { syntheticDemonstrations } from './synthetic/demonstrations.js'

export interface Demonstration {
  prompt: Prompt
  /** Without the end-of-sequence token, which the trainer adds. */
  response: string
}

/**
 * `warmStart.batch` demonstrations for step 1 .. `warmStart.steps`. A synthetic exam generates new items. A file's training
 * items are shuffled again for every pass, and shown with their working if they have one.
 */
export function demonstrations({
  config,
  dataset,
  step,
}: {
  config: ExperimentConfig
  dataset: Pick<DataSet, 'train'>
  /** From 1. */
  step: number
}): Demonstration[] {
  const { data, warmStart, seed, reward } = config
  const { steps, finalSteps, batch, sectionShares } = warmStart
  if (data.source === 'file') {
    const items = itemsOfStep({ items: dataset.train, seed, step, batch })
    return demonstrationsOfItems(items, { place: reward.answer, show: 'working' })
  }
  // The last steps use equal shares of working in all sections: they decide what the policy does before it is rewarded.
  const final = step > steps - finalSteps
  const workingShares = final ? sectionNames.map(() => warmStart.finalWorkingShare) : warmStart.workingShares
  return syntheticDemonstrations({ style: data.style, sectionShares, workingShares, seed, step, batch })
}

/** Each item's answer, after its working if that is shown and it has one. */
export function demonstrationsOfItems(
  items: readonly Item[],
  { place, show }: { place: ExperimentConfig['reward']['answer']; show: 'working' | 'answer' },
): Demonstration[] {
  return items.map(({ prompt, working = '', answer }) => ({
    prompt,
    response: responseText({ working: show === 'working' ? working : '', answer, place }),
  }))
}

/** The share of the items that a checkpoint is shown, at least one, in their order. */
export function shownItems(items: readonly Item[], { share, seed }: { share: number; seed: number }): Item[] {
  const shown = stream(seed, 'items that are shown').permutation(items.length)
  const kept = new Set(shown.slice(0, Math.max(1, Math.round(share * items.length))))
  return items.filter((_, index) => kept.has(index))
}

/** Positions from (step - 1) * batch of an endless series of passes. Each pass is a different permutation. */
export function itemsOfStep<Shown>({
  items,
  seed,
  step,
  batch,
}: {
  items: readonly Shown[]
  seed: number
  step: number
  batch: number
}): Shown[] {
  const random = stream(seed, 'demonstrations from items')
  const orders = new Map<number, number[]>()
  return Array.from({ length: batch }, (_, row) => {
    const position = (step - 1) * batch + row
    const pass = Math.floor(position / items.length)
    const order = orders.get(pass) ?? random.permutation(items.length, pass)
    orders.set(pass, order)
    return items[order[position % items.length] as number] as Shown
  })
}

/** A response whose final answer is found where `reward.answer` looks for it. */
export function responseText({
  working,
  answer,
  place,
}: {
  working: string
  answer: string
  place: ExperimentConfig['reward']['answer']
}): string {
  // The config refuses a pattern where demonstrations are shown: which text it matches cannot be told from it.
  if (typeof place === 'object') return 'tag' in place ? `${working}<${place.tag}>${answer}</${place.tag}>` : answer
  switch (place) {
    case 'after-hash':
      return `${working}#${answer}`
    case 'boxed':
      return `${working}\\boxed{${answer}}`
    case 'first-line':
      return working === '' ? answer : `${answer}\n${working}`
    case 'last-number':
      return working === '' ? answer : `${working} ${answer}`
    case 'auto':
    case 'last-line':
      return working === '' ? answer : `${working}\n${answer}`
    case 'whole':
      return answer
    default:
      return place satisfies never
  }
}
