/** What `rlev doctor` says of one thing that a crash left behind. */

export interface Mending {
  /** `would`: told only, by `--dry-run`. `left`: not certain enough, or somebody is at it. */
  done: 'mended' | 'would' | 'left'
  /** Path, process or address. */
  place: string
  what: string
}
