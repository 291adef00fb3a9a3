/**
 * What the predictor is asked. A policy that follows instructions is told what a score is; one made from scratch, which knows
 * nothing but its exam, is shown the question alone and learns from the scores what is asked. The paper's prompt (table 7) names the
 * total too; its total is 100 where none is known.
 */
import type { Item, Prompt } from '../../data/item.js'

/** The words before the question. `total`: most points of an item. */
export function instruction(total: number): string {
  return `You help to grade exams. You are shown one question of an exam whose questions are worth ${total} points in all. Say how many of them this question is worth. Reply with that number alone: above 0, at most ${total}, decimals allowed.`
}

/** For chat messages the instruction takes the place of a system message; `instructed` says whether a plain question gets it too. */
export function scorePrompt({ prompt, total }: Pick<Item, 'prompt' | 'total'>, instructed: boolean): Prompt {
  if (typeof prompt !== 'string') {
    const said = prompt.filter(({ role }) => role !== 'system')
    return [{ role: 'system', content: instruction(total) }, ...said]
  }
  return instructed ? `${instruction(total)}\n\n${prompt}\n\nPoints: ` : prompt
}
