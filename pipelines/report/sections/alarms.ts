/** What says that an experiment learned nothing, before everything else on the page. */
import { type Alarmed, alarmLines } from '../../evaluation/alarm-lines.js'
import { type Html, html } from '../html.js'

/** Empty if every experiment is healthy. */
export function alarmList(experiments: readonly Alarmed[], options: { sweep: boolean }): Html {
  const lines = alarmLines(experiments, options)
  if (lines.length === 0) return html``
  return html`<h2>Alarms</h2>
<ul class="alarms">${lines.map(line => html`<li>${line}</li>\n`)}</ul>
`
}
