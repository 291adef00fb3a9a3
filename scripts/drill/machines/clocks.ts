/**
 * Machine b has a clock that is ten minutes ahead of the others. A time namespace shifts only the clocks that count from the start, so the time
 * of day is shifted by a library that is loaded before others (clock.c); it is compiled here.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectFolder } from '../../../commands/services/project.js'
import { type Case, outageMs } from './case.js'
import type { Cluster } from './cluster.js'

const aheadSeconds = 600

/** Empty where no library can be compiled. */
export function clockCases(say: (line: string) => void): readonly Case[] {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return [ahead]
  } catch {
    say('no case of clocks: there is no C compiler here (cc), which makes the library that shifts the time of day')
    return []
  }
}

const ahead: Case = {
  name: 'clock of b ten minutes ahead, and a cable',
  ...{ steps: 8, stepsPerActivity: 1 },
  async before(cluster) {
    await cluster.kill('policy on b')
    const variables = { LD_PRELOAD: compiled(cluster), RLEV_DRILL_CLOCK_AHEAD: String(aheadSeconds) }
    await cluster.startWorker('policy on b', { variables })
  },
  async disturb(cluster) {
    try {
      const first = await cluster.moment({ step: 3 })
      // So that the run goes from one clock to the other.
      cluster.network.cable(first, 'down')
      await sleep(outageMs)
      cluster.network.cable(first, 'up')
      await cluster.ended()
      return aheadIn(cluster) ? [] : ['no line of the log of b is ten minutes ahead']
    } finally {
      // Back to the clock of this machine.
      await cluster.kill('policy on b')
    }
  },
}

function compiled(cluster: Cluster): string {
  const source = join(cluster.folder, 'clock.c')
  copyFileSync(join(projectFolder, 'scripts', 'drill', 'machines', 'clock.c'), source)
  const library = join(cluster.folder, 'clock.so')
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'])
  return library
}

function aheadIn(cluster: Cluster): boolean {
  const times = [...cluster.outputOf('policy on b').matchAll(/^\{"time":"([^"]+)"/gm)].map(([, time = '']) => time)
  return Date.parse(times.at(-1) ?? '') > Date.now() + (aheadSeconds - 120) * 1000
}
