/** How a share is written everywhere: in percent with one decimal. */

/** `71.2` for a share of 0.712: for tables, whose heading has the sign. */
export function percent(share: number): string {
  return (100 * share).toFixed(1)
}

/** `71.2%`, for sentences. */
export function percentWithSign(share: number): string {
  return `${percent(share)}%`
}
