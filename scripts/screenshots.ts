/**
 * Pictures of a finished sweep for docs/: the Web UI's list of workflows, one experiment, MLflow's page of the sweep. That of the report
 * needs no services: report-picture.ts.
 * Usage: node dist/scripts/screenshots.js NAME ARM/seed-N [--home DIR]
 */
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { openHome } from '../commands/services/home.js'
import { launchBrowser } from './browser.js'

const { positionals, values } = parseArgs({ allowPositionals: true, options: { home: { type: 'string' } } })
const [name, experiment] = positionals
const { services } = openHome(values.home)
if (name === undefined || experiment === undefined || services?.temporal.uiUrl === undefined) {
  throw new Error('usage: node dist/scripts/screenshots.js NAME ARM/seed-N [--home DIR], with the services up')
}

const columns = [
  'Status',
  'Workflow ID',
  'RlevArm',
  'RlevSeed',
  'RlevEstimator',
  'RlevStage',
  'RlevStep',
  'RlevHAcc',
  'Start',
  'End',
]

const { browser, close } = await launchBrowser()

async function picture(file: string, url: string, settle: (page: Page) => Promise<void>): Promise<void> {
  // MLflow's page fails on the language tag of a POSIX locale.
  const context = await browser.newContext({ viewport: { width: 1800, height: 900 }, locale: 'en-US' })
  // The Web UI keeps the choice of columns in the browser.
  const chosen = JSON.stringify(JSON.stringify({ default: columns.map(label => ({ label })) }))
  await context.addInitScript({ content: `localStorage.setItem('namespace-workflow-table-columns', ${chosen})` })
  const page = await context.newPage()
  await page.goto(url)
  await settle(page)
  await page.screenshot({ path: `docs/images/${file}` })
  await context.close()
  console.log(`docs/images/${file}`)
}

const pause = (page: Page) => page.waitForTimeout(4000)
const list = `${services.temporal.uiUrl}/namespaces/${services.temporal.namespace}/workflows`
const query = encodeURIComponent(`RlevSweep="${name}"`)

await picture('temporal-workflows.png', `${list}?query=${query}`, pause)
await picture('temporal-experiment.png', `${list}?query=${query}`, async page => {
  await page
    .getByRole('link', { name: `${name}/${experiment}` })
    .first()
    .click()
  await pause(page)
})

const mlflow = async (
  route: string,
  body: object,
): Promise<{ runs?: { info: { run_id: string; experiment_id: string } }[] }> => {
  const response = await fetch(`${services.mlflow.url}/api/2.0/mlflow/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await response.json()) as never
}
const { runs = [] } = await mlflow('runs/search', {
  experiment_ids: process.env['MLFLOW_EXPERIMENT_ID']?.split(',') ?? ['1'],
  filter: `attributes.run_name = '${name}'`,
})
const parent = runs[0]?.info
if (parent === undefined) throw new Error(`MLflow has no run of the name ${name}`)
const training = async (page: Page) => {
  await pause(page)
  await page.getByText('Model training', { exact: true }).first().click()
  await pause(page)
}
const base = `${services.mlflow.url}/#/experiments/${parent.experiment_id}/runs`
await picture('mlflow-sweep.png', base, async page => {
  await training(page)
  await page.goto(`${base}/${parent.run_id}`)
  await pause(page)
})
await close()
