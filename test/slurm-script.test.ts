/** The script of a SLURM worker, with another program in place of `rlev` and of `scontrol`: what each signal makes of the job. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { projectFolder } from '../commands/services/project.js'
import { given } from '../pipelines/given.js'

const folder = mkdtempSync(join(tmpdir(), 'rlev-slurm-'))
after(() => rmSync(folder, { recursive: true }))

mkdirSync(join(folder, 'bin'))
// Ends half a second after it is told to.
write(
  'rlev',
  'trap "sleep 0.5; echo worker ended; exit $STATUS" TERM; echo ready; [ -z "$EARLY" ] || kill -s "$EARLY" $PPID; while :; do sleep 0.05; done',
)
write('scontrol', 'echo "$@"')
// Each command of the job waits a tenth of a second, and no other program does.
const slow = join(folder, 'slow')
writeFileSync(slow, 'unset BASH_ENV; trap "sleep 0.1" DEBUG\n')

function write(name: string, script: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 })
}

const limited = { timeout: 30_000 }

interface Telling {
  /** To the job when its worker is ready. */
  signals?: readonly NodeJS.Signals[]
  /** To a slow job by its worker, as soon as it can. */
  early?: 'USR1' | 'TERM'
  workerStatus?: number
}

/** What the job writes, and its exit status. */
async function told({ signals = [], early, workerStatus = 0 }: Telling): Promise<{ said: string; status: number }> {
  const child = spawn('bash', [join(projectFolder, 'deploy', 'slurm', 'worker.sbatch')], {
    env: {
      ...process.env,
      ...{ PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, STATUS: String(workerStatus), EARLY: early ?? '' },
      ...{ RLEV_CHECKOUT: folder, RLEV_HOME: folder, TEMPORAL_ADDRESS: 'none', MLFLOW_TRACKING_URI: 'none' },
      ...{ SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '3' },
      ...given({ BASH_ENV: early === undefined ? undefined : slow }),
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

test('a job whose time is almost over ends its worker and is queued again', limited, async () => {
  assert.deepEqual(await told({ signals: ['SIGUSR1'], workerStatus: 1 }), {
    said: 'ready\nworker ended\nrequeue 7_3\n',
    status: 0,
  })
})

test(
  'a job that is cancelled ends its worker, is not queued again, and has the status of its worker',
  limited,
  async () => {
    assert.deepEqual(await told({ signals: ['SIGTERM'] }), { said: 'ready\nworker ended\n', status: 0 })
    assert.deepEqual(await told({ signals: ['SIGTERM'], workerStatus: 5 }), {
      said: 'ready\nworker ended\n',
      status: 5,
    })
  },
)

test('a job that is told while its worker starts does not leave it behind', limited, async () => {
  assert.deepEqual(await told({ early: 'TERM' }), { said: 'ready\nworker ended\n', status: 0 })
  assert.deepEqual(await told({ early: 'USR1' }), { said: 'ready\nworker ended\nrequeue 7_3\n', status: 0 })
})

test('the signal that SLURM sends before the time is over is the one that queues the job again', () => {
  const script = readFileSync(join(projectFolder, 'deploy', 'slurm', 'worker.sbatch'), 'utf8')
  assert.match(script, /^#SBATCH --signal=B:USR1@120$/m)
})
