/** The style of the report: dark and light by the reader's setting, one column on a phone, black on white in print. */

/** Dash patterns beside the colours, so that arms can be told apart without colour. */
export const dashes = ['', '7 3', '2 3', '9 3 2 3', '4 2', '12 4', '1 4', '6 2 2 2'] as const
export const COLOURS = 8

/** An arm as all figures show it: the same colour and dash pattern everywhere. */
export interface ArmMark {
  name: string
  index: number
  /** Other arms are compared with it. */
  baseline: boolean
}

/**
 * The line of an arm. A baseline is broad and pale and is drawn first, so that an arm of the same height lies on it and hides
 * nothing.
 */
export function lineOf({ index, baseline }: ArmMark) {
  // Round ends would close the gaps between dashes.
  const shared = { stroke: colourOf(index), strokeLinecap: 'butt' } as const
  return baseline
    ? { ...shared, strokeWidth: 7, strokeOpacity: 0.4, strokeDasharray: '' }
    : { ...shared, strokeWidth: 2.2, strokeOpacity: 1, strokeDasharray: dashOf(index) }
}

/** Baselines first. */
export function inDrawingOrder<Mark extends ArmMark>(arms: readonly Mark[]): Mark[] {
  return arms.toSorted((a, b) => Number(b.baseline) - Number(a.baseline))
}

export function colourOf(index: number): string {
  return `var(--arm-${index % COLOURS})`
}

export function dashOf(index: number): string {
  // The ninth arm has the colour of the first and another pattern.
  return dashes[(index + Math.floor(index / COLOURS)) % dashes.length] ?? ''
}

const light = `--ground: #fff; --ink: #1b1f24; --faint: #5b6570; --line: #d5dae0; --panel: #f5f7f9; --shade: rgb(0 0 0 / .22);
  --arm-0: #4c5a67; --arm-1: #0b62c4; --arm-2: #b45309; --arm-3: #0a7d5a; --arm-4: #9b2fae; --arm-5: #c02a2a; --arm-6: #6b6f00; --arm-7: #0e7490;`
const dark = `--ground: #14181d; --ink: #e6e9ed; --faint: #a3adb8; --line: #343c46; --panel: #1d232a; --shade: rgb(255 255 255 / .28);
  --arm-0: #b3bdc7; --arm-1: #6cb2ff; --arm-2: #f0a04b; --arm-3: #4fd1a5; --arm-4: #d99bea; --arm-5: #ff8a80; --arm-6: #d4d44a; --arm-7: #5ad1e6;`

/** Of a figure in a separate file. No text is measured, so its bytes do not depend on installed fonts. */
export const figureStyle = `:root { ${light} color: var(--ink); background: var(--ground); font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { ${dark} } }`

export const style = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1.02rem; margin: 1.4rem 0 .4rem; }
p, li { max-width: 48rem; }
a { color: var(--arm-1); overflow-wrap: anywhere; }
.faint, figcaption, .caption { color: var(--faint); font-size: .9rem; }
.claim { background: var(--panel); border-left: 4px solid var(--arm-1); padding: .7rem 1rem; margin: 1rem 0; }
.claim p { margin: .3rem 0; }
.alarms { background: var(--panel); border-left: 4px solid #c62828; padding: .7rem 1rem .7rem 2rem; margin: 1rem 0; }
.question { font-size: 1.15rem; font-weight: 600; margin: .8rem 0; }
.terms { display: grid; gap: .5rem 1.6rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); margin: 1rem 0; font-size: .9rem; line-height: 1.4; }
.terms dt { font-weight: 600; } .terms dd { margin: 0; color: var(--faint); }
/* A shade at an edge behind which a table goes on. */
.scroll { overflow-x: auto; margin: .3rem 0 .8rem; background: linear-gradient(to right, var(--ground) 40%, transparent), linear-gradient(to left, var(--ground) 40%, transparent) right,
  linear-gradient(to right, var(--shade), transparent), linear-gradient(to left, var(--shade), transparent) right; background-repeat: no-repeat;
  background-size: 2.5rem calc(100% + 2px), 2.5rem calc(100% + 2px), .9rem calc(100% - 4px), .9rem calc(100% - 4px); background-attachment: local, local, scroll, scroll; }
table { border-collapse: collapse; font-size: .92rem; }
.caption { margin: 1.1rem 0 0; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { font-weight: 600; border-bottom-width: 2px; vertical-align: bottom; }
tbody th { font-weight: 500; white-space: nowrap; }
table.figures td, table.figures thead th:not(:first-child) { text-align: right; font-variant-numeric: tabular-nums; }
table.figures td { white-space: nowrap; } table.figures thead th { min-width: 4.6rem; }
table.words td { overflow-wrap: anywhere; min-width: 6rem; }
tr.placebo th, tr.placebo td { font-style: italic; color: var(--faint); }
code { overflow-wrap: anywhere; }
tr.before th, tr.before td { color: var(--faint); }
pre, code, .text { font: .86rem/1.45 ui-monospace, "SF Mono", Consolas, "Noto Sans Mono", monospace; }
pre { background: var(--panel); padding: .8rem 1rem; overflow-x: auto; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; display: block; }
@media screen { td .text { max-height: 16rem; overflow-y: auto; } }
.figures-grid { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); }
figure { margin: 0; min-width: 0; }
figure svg { width: 100%; max-width: 33rem; height: auto; overflow: visible; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; margin: .4rem 0 .8rem; }
.legend svg { vertical-align: middle; margin-right: .4rem; }
figure .legend { font-size: .85rem; gap: .05rem 1rem; margin: 0 0 .2rem; } figure .legend svg { width: auto; }
summary { cursor: pointer; padding: .3rem 0; font-weight: 500; }
@media (max-width: 40rem) { body { font-size: 15px; padding-top: 1rem; } th, td { padding: .28rem .45rem; } table.figures thead th { min-width: 3.9rem; }
  table.figures tbody th, table.figures thead th:first-child { position: sticky; left: 0; background: var(--ground); white-space: normal; min-width: 6rem; max-width: 8.5rem; }
  table.stacked thead { display: none; } table.stacked, table.stacked tbody, table.stacked tr, table.stacked th, table.stacked td { display: block; white-space: normal; }
  table.stacked tr { border-bottom: 2px solid var(--line); padding: .3rem 0; } table.stacked th, table.stacked td { border: 0; padding: .12rem 0; }
  table.stacked [data-label] { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: .5rem; } table.stacked th { font-weight: 600; }
  table.stacked [data-label]::before { content: attr(data-label); color: var(--faint); font: .85rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; } }
@media print { :root { color-scheme: light; --ground: #fff; --ink: #000; --faint: #333; --line: #999; --panel: #fff;
  --arm-0: #444; --arm-1: #0b4fa0; --arm-2: #9a4600; --arm-3: #06614a; --arm-4: #7c2190; --arm-5: #a01f1f; --arm-6: #565900; --arm-7: #0b5c70; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } figure, tr, .claim { break-inside: avoid; } h2, h3, .caption, thead { break-after: avoid; } .terms { grid-template-columns: 1fr 1fr; } .figures-grid { grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; background: none; } table { font-size: 7pt; } th, td { padding: .15rem .3rem; } table th, table.figures thead th:not(:first-child) { white-space: normal; } table.figures thead th { min-width: 0; } table.words td { min-width: 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } }
`
