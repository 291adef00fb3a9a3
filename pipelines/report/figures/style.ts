/** The report's style: dark and light by the reader's setting, one column on a phone, black on white in print. */

/** Dash patterns beside the colours, so that arms can be told apart without colour. */
export const dashes = ['', '7 3', '2 3', '9 3 2 3', '4 2', '12 4', '1 4', '6 2 2 2'] as const
export const COLOURS = 8

export function colourOf(index: number): string {
  return `var(--arm-${index % COLOURS})`
}

export function dashOf(index: number): string {
  // The ninth arm has the colour of the first and another pattern.
  return dashes[(index + Math.floor(index / COLOURS)) % dashes.length] ?? ''
}

const light = `--ground: #fff; --ink: #1b1f24; --faint: #5b6570; --line: #d5dae0; --panel: #f5f7f9;
  --arm-0: #4c5a67; --arm-1: #0b62c4; --arm-2: #b45309; --arm-3: #0a7d5a; --arm-4: #9b2fae; --arm-5: #c02a2a; --arm-6: #6b6f00; --arm-7: #0e7490;`
const dark = `--ground: #14181d; --ink: #e6e9ed; --faint: #a3adb8; --line: #343c46; --panel: #1d232a;
  --arm-0: #b3bdc7; --arm-1: #6cb2ff; --arm-2: #f0a04b; --arm-3: #4fd1a5; --arm-4: #d99bea; --arm-5: #ff8a80; --arm-6: #d4d44a; --arm-7: #5ad1e6;`

/** Of a figure that is a file of its own. No text is measured, so a figure's bytes depend on no installed font. */
export const figureStyle = `:root { ${light} color: var(--ink); background: var(--ground); font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { ${dark} } }`

export const style = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1.02rem; margin: 1.4rem 0 .4rem; }
p, li { max-width: 48rem; }
a { color: var(--arm-1); }
.faint, figcaption, .caption { color: var(--faint); font-size: .9rem; }
.claim { background: var(--panel); border-left: 4px solid var(--arm-1); padding: .7rem 1rem; margin: 1rem 0; }
.claim p { margin: .3rem 0; }
.scroll { overflow-x: auto; margin: .3rem 0 .8rem; }
table { border-collapse: collapse; font-size: .92rem; }
.caption { margin: 1.1rem 0 0; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { font-weight: 600; border-bottom-width: 2px; white-space: nowrap; }
tbody th { font-weight: 500; white-space: nowrap; }
table.figures td, table.figures thead th:not(:first-child) { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.words td { overflow-wrap: anywhere; min-width: 6rem; }
tr.placebo th, tr.placebo td { font-style: italic; color: var(--faint); }
code { overflow-wrap: anywhere; }
tr.before th, tr.before td { color: var(--faint); }
pre, code, .text { font: .86rem/1.45 ui-monospace, "SF Mono", Consolas, "Noto Sans Mono", monospace; }
pre { background: var(--panel); padding: .8rem 1rem; overflow-x: auto; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.figures-grid { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); }
figure { margin: 0; min-width: 0; }
figure svg { width: 100%; max-width: 33rem; height: auto; overflow: visible; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; margin: .4rem 0 .8rem; }
.legend svg { vertical-align: middle; margin-right: .4rem; }
summary { cursor: pointer; padding: .3rem 0; font-weight: 500; }
@media (max-width: 40rem) { body { font-size: 15px; padding-top: 1rem; } th, td { padding: .28rem .45rem; } }
@media print { :root { color-scheme: light; --ground: #fff; --ink: #000; --faint: #333; --line: #999; --panel: #fff;
  --arm-0: #444; --arm-1: #0b4fa0; --arm-2: #9a4600; --arm-3: #06614a; --arm-4: #7c2190; --arm-5: #a01f1f; --arm-6: #565900; --arm-7: #0b5c70; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } figure, tr, .claim { break-inside: avoid; } .figures-grid { grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; } table { font-size: 7pt; } th, td { padding: .15rem .3rem; } table th, table.figures thead th:not(:first-child) { white-space: normal; } table.words td { min-width: 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } }
`
