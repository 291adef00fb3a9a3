/**
 * Picture of the top of a run's report, as the README shows it.
 * Usage: node dist/scripts/report-picture.js NAME FILE.png [--home DIR]
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { planPaths, runFolder } from '../activities/store/run-folder.js'
import { openHome } from '../commands/services/home.js'
import { launchBrowser } from './browser.js'

const { positionals, values } = parseArgs({ allowPositionals: true, options: { home: { type: 'string' } } })
const [name, file] = positionals
if (name === undefined || file === undefined) {
  throw new Error('usage: node dist/scripts/report-picture.js NAME FILE.png [--home DIR]')
}
const report = planPaths.report(runFolder(openHome(values.home).path, name))
const { browser, close } = await launchBrowser()
const context = await browser.newContext({
  viewport: { width: 1120, height: 1400 },
  deviceScaleFactor: 1.5,
  locale: 'en-US',
})
const page = await context.newPage()
await page.goto(pathToFileURL(resolve(report)).href)
await page.screenshot({ path: file })
await close()
console.log(file)
