/** A figure as data: what the page shows inline and what its file is made of. */

export interface Drawing {
  /** Name of its file. */
  name: string
  /** In its file above the drawing; the page has headings and captions. */
  title: string | null
  caption: string
  /** What it shows, in words. */
  alternative: string
  /** The element as the page has it, colours by the page's variables. */
  svg: string
  legend: readonly LegendEntry[]
}

/** How a figure shows what the label names. */
export interface LegendEntry {
  label: string
  symbol: 'line' | 'area' | 'dot' | 'ring'
  colour: string
  /** Pixels, of a line. */
  width?: number
  dash?: string
  /** In [0, 1]; 1 by default. */
  opacity?: number
}

/** Relative to the folder of the report. */
export function figurePath(name: string): string {
  return `figures/${name}.svg`
}
