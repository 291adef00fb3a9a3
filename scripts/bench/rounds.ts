/**
 * Measures one size. Each candidate is a process, which takes its first call, chooses its settings and warms
 * up. Then there are rounds: for each measure, all candidates in turn. So compared figures are measured within
 * seconds of each other.
 */
import { given } from '../../pipelines/given.js'
import { measureAlone } from './alone.js'
import { candidatesFor } from './candidates/candidates.js'
import { Candidate, type Settings } from './candidates/protocol.js'
import { TimeLeft } from './expected.js'
import type { Measured, SizeResult, ToMeasure } from './measured.js'
import { plannedLengths, promptTokens } from './workload.js'

export async function measureSize({ options, size, say }: ToMeasure): Promise<SizeResult> {
  if (size.alone) return measureAlone({ options, size, say })
  const candidates: { candidate: Candidate; measured: Measured[] }[] = []
  const versions: Record<string, string> = {}
  try {
    let chosen: Settings = {}
    for (const { name, measures, settings, ...command } of candidatesFor(options, size)) {
      say(`${size.name}: ${name} starts`)
      const candidate = new Candidate({ name, ...command })
      const measured = measures.map(
        (measure): Measured => ({
          candidate: name,
          measure,
          settings: {},
          firstCall: null,
          peakBytes: null,
          rounds: [],
        }),
      )
      candidates.push({ candidate, measured })
      const opened = await candidate.ask({
        do: 'open',
        size,
        prompts: promptTokens(size),
        lengths: plannedLengths(size),
        // TRL uses the micro-batch size that was the fastest for PyTorch.
        settings: name === 'TRL' ? { ...settings, ...chosen } : settings,
      })
      Object.assign(versions, opened.versions)
      await prepare({ candidate, measured, tune: options.tune, say: line => say(`${size.name}: ${line}`) })
      if (name === 'PyTorch') chosen = settingsOfStep(measured)
    }
    // Twice: the first calls prepare graphs and take memory.
    for (let time = 0; time < 2; time++) {
      for (const { candidate, measured } of candidates) {
        for (const { measure } of measured) await candidate.ask({ do: measure })
      }
    }
    const left = new TimeLeft(new Array<number>(options.rounds).fill(1))
    for (let round = 1; round <= options.rounds; round++) {
      say(`${size.name}: round ${round} of ${options.rounds}${left.after(round - 1)}`)
      for (const measure of options.only) {
        for (const { candidate, measured } of candidates) {
          const own = measured.find(one => one.measure === measure)
          if (own !== undefined) own.rounds.push(await candidate.ask({ do: measure }))
        }
      }
    }
    return { size, measured: candidates.flatMap(({ measured }) => measured), versions, failed: {} }
  } finally {
    for (const { candidate } of candidates) await candidate.close()
  }
}

/** The first call of each measure, timed, then its settings. */
async function prepare({
  candidate,
  measured,
  tune,
  say,
}: {
  candidate: Candidate
  measured: Measured[]
  tune: boolean
  say: (line: string) => void
}): Promise<void> {
  for (const own of measured) {
    own.firstCall = (await candidate.ask({ do: own.measure })).seconds ?? null
    if (!tune) continue
    own.settings = (await candidate.ask({ do: 'tune', measure: own.measure })).settings ?? {}
    const settings = Object.entries(own.settings).map(([key, value]) => `${key} ${value}`)
    if (settings.length > 0) say(`${candidate.name}, ${own.measure}: ${settings.join(', ')}`)
  }
}

/** Settings that a trainer cannot change after it is made. */
function settingsOfStep(measured: readonly Measured[]): Settings {
  const { microBatch } = measured.find(({ measure }) => measure === 'update')?.settings ?? {}
  return given({ microBatch })
}
