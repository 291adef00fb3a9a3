/** `rlev watch NAME`: the live view of a run, also of one that another terminal started. */
import { follow } from './live/follow.js'
import type { Selection } from './live/selection.js'
import { knownRun } from './runs/run-names.js'
import { openHome } from './services/home.js'

export async function watch({
  home: path,
  name,
  ...selection
}: Selection & { home?: string | undefined; name: string }): Promise<number> {
  const home = openHome(path)
  return follow(home, knownRun(home.path, name), { selection })
}
