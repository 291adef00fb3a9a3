/**
 * Measures a size of which the machine's memory holds one candidate at a time. In a round each candidate has its
 * turn in a separate process, which ends before the next one begins: for each measure a first call, which builds
 * graphs or caches, then one that counts. Nothing is tuned. A candidate that fails is left out from then on.
 */
import { RlevError } from '../../pipelines/errors.js'
import { type CandidateDescription, candidatesFor } from './candidates/candidates.js'
import { type Answer, Candidate, type Measure } from './candidates/protocol.js'
import { secondsOfTurn, TimeLeft } from './expected.js'
import type { Measured, SizeResult, ToMeasure } from './measured.js'
import { forStep, type Size } from './sizes.js'
import { median } from './statistics.js'
import { plannedLengths, promptTokens } from './workload.js'

interface Turn {
  description: CandidateDescription
  /** Of one process, and so of its memory. */
  measures: readonly Measure[]
  /** With the batch of these measures. */
  size: Size
}

export async function measureAlone({ options, size, say }: ToMeasure): Promise<SizeResult> {
  const measured: (Measured & { firstCalls: number[] })[] = []
  const versions: Record<string, string> = {}
  const failed: Record<string, string> = {}
  const turns = turnsOf(candidatesFor(options, size), size)
  const each = turns.map(({ description: { name }, measures }) => secondsOfTurn({ name, measures }, size))
  const left = new TimeLeft(new Array<number[]>(options.rounds).fill(each).flat())
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, turn] of turns.entries()) {
      const { name } = turn.description
      if (name in failed) continue
      const done = (round - 1) * turns.length + index
      if (left.passedWith(done) > 60 * options.minutes) {
        say(`${size.name}: no time for ${name}, ${turn.measures.join(' and ')}, in round ${round}`)
        continue
      }
      say(
        `${size.name}: round ${round} of ${options.rounds}, ${name}, ${turn.measures.join(' and ')}${left.after(done)}`,
      )
      try {
        const answered = await takeTurn(turn, versions)
        // Seen also if the bench is broken off.
        say(`  ${answered.map(answerText).join('; ')}`)
        for (const { measure, answer, firstCall, peakBytes } of answered) {
          let own = measured.find(one => one.candidate === name && one.measure === measure)
          if (own === undefined) {
            const fresh = { settings: {}, firstCall: null, firstCalls: [], peakBytes: null, rounds: [] }
            own = { candidate: name, measure, ...fresh }
            measured.push(own)
          }
          own.rounds.push(answer)
          own.firstCalls.push(firstCall)
          if (peakBytes !== null) own.peakBytes = Math.max(own.peakBytes ?? 0, peakBytes)
        }
      } catch (error) {
        if (!(error instanceof RlevError)) throw error
        failed[name] = error.message
        say(`${size.name}: ${name} failed and is left out from now on\n${error.message}`)
      }
    }
  }
  return {
    size,
    measured: measured.map(({ firstCalls, ...own }) => ({ ...own, firstCall: median(firstCalls) })),
    versions,
    failed,
  }
}

/** Whole steps last: TRL takes the most time and memory. */
function turnsOf(candidates: readonly CandidateDescription[], size: Size): Turn[] {
  const groups = [
    { holds: (measure: Measure) => measure !== 'step', size },
    { holds: (measure: Measure) => measure === 'step', size: forStep(size) },
  ]
  return groups.flatMap(({ holds, size: own }) =>
    candidates
      .map(description => ({ description, measures: description.measures.filter(holds), size: own }))
      .filter(({ measures }) => measures.length > 0),
  )
}

interface Answered {
  measure: Measure
  answer: Answer
  firstCall: number
  peakBytes: number | null
}

function answerText({ measure, answer: { seconds, peak }, firstCall, peakBytes }: Answered): string {
  const memory = peakBytes === null ? '' : `, ${(peakBytes / 2 ** 30).toFixed(1)} GiB`
  if (peak !== undefined) return `${measure} ${JSON.stringify(peak)}`
  return `${measure} ${seconds?.toFixed(2)} s, first ${firstCall.toFixed(1)} s${memory}`
}

async function takeTurn({ description, measures, size }: Turn, versions: Record<string, string>): Promise<Answered[]> {
  const { settings, ...command } = description
  const candidate = new Candidate(command)
  try {
    const [prompts, lengths] = [promptTokens(size), plannedLengths(size)]
    Object.assign(versions, (await candidate.ask({ do: 'open', size, prompts, lengths, settings })).versions)
    const answers = []
    for (const measure of measures) {
      const first = await candidate.ask({ do: measure })
      answers.push({ measure, firstCall: first.seconds ?? Number.NaN, answer: await candidate.ask({ do: measure }) })
    }
    return answers.map(answer => ({ ...answer, peakBytes: candidate.peakBytes }))
  } finally {
    await candidate.close()
  }
}
