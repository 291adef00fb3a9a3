/**
 * Picture of the top of a report, as the documentation shows it: of a run, or of kept results (report-results.ts), for which no run is needed.
 * Usage: node dist/scripts/report-picture.js NAME|FILE.json.gz FILE.png [--home DIR] [--width PIXELS] [--height PIXELS] [--dark]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { planPaths, runFolder } from '../activities/store/runs/run-folder.js'
import { openHome } from '../commands/services/home.js'
import { launchBrowser } from './browser.js'
import { pageOf, readResults } from './report/results.js'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    home: { type: 'string' },
    width: { type: 'string', default: '1120' },
    height: { type: 'string', default: '1400' },
    dark: { type: 'boolean', default: false },
  },
})
const [source, file] = positionals
if (source === undefined || file === undefined) {
  throw new Error(
    'usage: node dist/scripts/report-picture.js NAME|FILE.json.gz FILE.png [--home DIR] [--width PIXELS] [--height PIXELS] [--dark]',
  )
}
const folder = mkdtempSync(join(tmpdir(), 'rlev-picture-'))
const { browser, close } = await launchBrowser()
try {
  const context = await browser.newContext({
    viewport: { width: Number(values.width), height: Number(values.height) },
    colorScheme: values.dark ? 'dark' : 'light',
    deviceScaleFactor: 1.5,
    locale: 'en-US',
  })
  const page = await context.newPage()
  await page.goto(pathToFileURL(pageFile(source)).href)
  await page.screenshot({ path: file })
} finally {
  await close()
  rmSync(folder, { recursive: true, force: true })
}
console.log(file)

function pageFile(name: string): string {
  if (!name.endsWith('.json.gz')) return resolve(planPaths.report(runFolder(openHome(values.home).path, name)))
  const path = join(folder, 'report.html')
  writeFileSync(path, pageOf(readResults(readFileSync(name))).text)
  return path
}
