/** What nvidia-smi says of the first card. */
import { execFileSync } from 'node:child_process'

/** Null if nvidia-smi is missing or fails. `property` as its `--query-gpu` has it; numbers are without their unit. */
export function ofFirstCard(property: 'name' | 'memory.total'): string | null {
  try {
    const answer = execFileSync('nvidia-smi', [`--query-gpu=${property}`, '--format=csv,noheader,nounits'], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return answer.split('\n')[0] ?? null
  } catch {
    return null
  }
}
