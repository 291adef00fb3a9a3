/**
 * The predictor's prompt. A policy that follows instructions is told what a score is. A policy made from scratch, which knows only
 * its exam, is shown the question alone and learns the task from the scores. The paper's prompt (table 7) states the total too;
 * its total is 100 if it is unknown.
 */
import type { Item, Prompt } from '../../data/item.js'

/** The words before the question. `total`: points of the whole exam. */
export function instruction(total: number): string {
  return `You help to grade exams. You are shown one question of an exam whose questions are worth ${total} points in all. Say how many of them this question is worth. Reply with that number alone: above 0, at most ${total}, decimals allowed.`
}

/** In chat messages the instruction replaces a system message. `instructed` decides whether a plain question gets it too. */
export function scorePrompt({ prompt, total }: Pick<Item, 'prompt' | 'total'>, instructed: boolean): Prompt {
  if (typeof prompt !== 'string') {
    const said = prompt.filter(({ role }) => role !== 'system')
    return [{ role: 'system', content: instruction(total) }, ...said]
  }
  return instructed ? `${instruction(total)}\n\n${prompt}\n\nPoints: ` : prompt
}
