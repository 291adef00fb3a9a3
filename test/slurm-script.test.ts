/** The script of a SLURM worker, with another program in place of `rlev` and of `scontrol`: what each signal makes of the job. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { projectFolder } from '../commands/services/project.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-slurm-'))
after(() => rmSync(folder, { recursive: true }))

mkdirSync(join(folder, 'bin'))
// Ends half a second after it is told to.
write('rlev', 'trap "sleep 0.5; echo worker ended; exit $STATUS" TERM; echo ready; while :; do sleep 0.05; done')
write('scontrol', 'echo "$@"')

function write(name: string, script: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 })
}

/** What the job writes, and its exit status, if it is told so when its worker is ready. */
async function told(signals: readonly NodeJS.Signals[], workerStatus = 0): Promise<{ said: string; status: number }> {
  const child = spawn('bash', [join(projectFolder, 'deploy', 'slurm', 'worker.sbatch')], {
    env: {
      ...process.env,
      ...{ PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, STATUS: String(workerStatus) },
      ...{ RLEV_CHECKOUT: folder, RLEV_HOME: folder, TEMPORAL_ADDRESS: 'none', MLFLOW_TRACKING_URI: 'none' },
      ...{ SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '3' },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (text: Buffer) => {
    const wasReady = said.includes('ready')
    said += text.toString()
    if (!wasReady && said.includes('ready')) for (const signal of signals) child.kill(signal)
  })
  const [status] = (await once(child, 'close')) as [number]
  return { said, status }
}

test('a job whose time is almost over ends its worker and is queued again', async () => {
  assert.deepEqual(await told(['SIGUSR1'], 1), { said: 'ready\nworker ended\nrequeue 7_3\n', status: 0 })
})

test('a job that is cancelled ends its worker, is not queued again, and has the status of its worker', async () => {
  assert.deepEqual(await told(['SIGTERM']), { said: 'ready\nworker ended\n', status: 0 })
  assert.deepEqual(await told(['SIGTERM'], 5), { said: 'ready\nworker ended\n', status: 5 })
})

test('the signal that SLURM sends before the time is over is the one that queues the job again', () => {
  const script = readFileSync(join(projectFolder, 'deploy', 'slurm', 'worker.sbatch'), 'utf8')
  assert.match(script, /^#SBATCH --signal=B:USR1@120$/m)
})
