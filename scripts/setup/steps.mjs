/**
 * Runs the parts of the set-up: each as soon as the parts it depends on are there, several at once, because one mostly waits for
 * the network while another computes. A part that is there is skipped silently.
 */

import { PartError } from './part-error.mjs'

/**
 * @returns {Promise<{ made: string[], failures: { part: object, error: Error }[], untried: object[], records: object }>}
 *   `untried`: parts that come after one that failed
 */
export async function makeParts({ parts, context, print }) {
  const outcome = { made: [], failures: [], untried: [], records: {} }
  const width = Math.max(...parts.map(({ title }) => title.length)) + 2
  const started = new Map()
  const begin = part => {
    if (!started.has(part.name)) started.set(part.name, run(part))
    return started.get(part.name)
  }

  async function run(part) {
    const say = text => print(`  ${part.title.padEnd(width)}${text}`)
    try {
      await checkTools(part, context)
      const before = await Promise.all(parts.filter(({ name }) => part.after.includes(name)).map(begin))
      if (before.includes(false)) {
        outcome.untried.push(part)
        return false
      }
      let state = await part.state(context)
      if (!state.ready) {
        state = await make(part, context, say)
        outcome.made.push(part.name)
      }
      Object.assign(outcome.records, state.record)
      return true
    } catch (error) {
      if (!(error instanceof PartError)) throw error
      outcome.failures.push({ part, error })
      say(`not there: ${error.message.split('\n')[0]}`)
      return false
    }
  }

  await Promise.all(parts.map(begin))
  return outcome
}

/** A missing compiler is worth knowing before, not after, minutes of fetching. */
async function checkTools(part, context) {
  if (part.tools === undefined || (await part.state(context)).ready) return
  await part.tools(context)
}

async function make(part, context, say) {
  const began = performance.now()
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
  const pulse = setInterval(() => say(`still at it (${seconds()})`), 30_000)
  try {
    await part.make(context, say)
  } finally {
    clearInterval(pulse)
  }
  const state = await part.state(context)
  if (!state.ready) {
    throw new PartError({
      message: 'it was made, and still is not whole',
      expected: state.place,
      found: state.detail ?? 'something else',
      remedy: 'call again; if it stays so, delete that folder first',
    })
  }
  say(`done (${seconds()})`)
  return state
}
