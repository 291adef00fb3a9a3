/** The report as a reader has it: in a browser, on a phone and in print, dark and light. Its numbers are of a real, small sweep. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { compareArms } from '../../../pipelines/comparison/compare-arms.js'
import { svgFile } from '../../../pipelines/report/figures/svg-file.js'
import { renderReport } from '../../../pipelines/report/render.js'
import { type LaunchedBrowser, launchBrowser } from '../../../scripts/browser.js'
import { pageOf, readResults } from '../../../scripts/report/results.js'

const fixture = new URL('../../../../test/fixtures/report/small.json.gz', import.meta.url)
/** What the page is asked, from inside it. */
const asked = new URL('../../../../test/pipelines/report/report-in-page.js', import.meta.url)
const report = pageOf(readResults(readFileSync(fixture)))

let launched: LaunchedBrowser
let folder: string
let address: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rlev-report-'))
  const path = join(folder, 'report.html')
  writeFileSync(path, report.text)
  address = pathToFileURL(path).href
  launched = await launchBrowser()
})

after(async () => {
  await launched?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface View {
  width: number
  scheme?: 'light' | 'dark'
  media?: 'screen' | 'print'
}

interface Figure {
  id: string
  width: number
  height: number
  marks: number
  words: string
  caption: string
  letters: number[]
}

interface Picture {
  error: string | null
  height: number
  words: string | null
  text: string
  covered: string[]
  outside: string[]
}

function inPage<Answer>(page: Page, question: string): Promise<Answer> {
  return page.evaluate(question)
}

/** Opens an address and gives what the page complained about and asked for to `look`. */
async function visit(
  url: string,
  { width, scheme = 'light', media = 'screen' }: View,
  look: (page: Page, seen: { complaints: string[]; requests: string[] }) => Promise<void>,
): Promise<void> {
  const context = await launched.browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme })
  try {
    await context.addInitScript({ path: fileURLToPath(asked) })
    const page = await context.newPage()
    const seen = { complaints: [] as string[], requests: [] as string[] }
    page.on('console', message => seen.complaints.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', error => seen.complaints.push(String(error)))
    page.on('request', request => seen.requests.push(request.url()))
    await page.emulateMedia({ media, colorScheme: scheme })
    await page.goto(url)
    await look(page, seen)
  } finally {
    await context.close()
  }
}

test('it opens without a complaint and asks for nothing but itself', async () => {
  await visit(address, { width: 1100 }, async (page, seen) => {
    // A lazy picture or font would be asked for where it comes into view.
    await page.evaluate('scrollTo(0, document.body.scrollHeight)')
    await page.waitForLoadState('networkidle')
    assert.deepEqual(seen.complaints, [])
    assert.deepEqual(seen.requests, [address])
  })
})

test('a complaint and a request would have been seen', async () => {
  const path = join(folder, 'broken.html')
  writeFileSync(path, report.text.replace('</main>', '<img src="missing.png" alt=""><script>1</script></main>'))
  await visit(pathToFileURL(path).href, { width: 1100 }, async (page, seen) => {
    await page.waitForLoadState('networkidle')
    assert.ok(
      seen.complaints.some(complaint => complaint.includes('Content Security Policy')),
      seen.complaints.join(),
    )
  })
})

const views: View[] = [
  { width: 1100 },
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  // A4 at 96 pixels an inch, less margins.
  { width: 718, media: 'print', scheme: 'dark' },
]

for (const view of views) {
  const { width, scheme = 'light', media = 'screen' } = view
  test(`every figure is drawn, with words for it, and nothing leaves the page: ${width} pixels, ${scheme}, ${media}`, async () => {
    await visit(address, view, async page => {
      const figures = await inPage<Figure[]>(page, 'figuresHere()')
      assert.deepEqual(
        figures.map(({ id }) => id),
        report.figures.map(({ name }) => `figure-${name}`),
      )
      for (const { id, width: wide, height, marks, words, caption, letters } of figures) {
        assert.ok(wide > 200 && height > 100, `${id}: ${wide} by ${height}`)
        assert.ok(marks > 3, `${id}: ${marks} marks`)
        assert.ok(words.length > 30 && caption.length > 10, id)
        assert.ok(letters.length > 0 && Math.min(...letters) > 9, `${id}: letters of ${Math.min(...letters)} pixels`)
      }
      assert.deepEqual(await inPage<string[]>(page, 'tooWideHere()'), [])
      assert.ok((await inPage<number>(page, 'document.documentElement.scrollWidth')) <= width)
    })
  })
}

/** A report whose names, links, versions and texts are long and have no spaces. */
function longReport(): string {
  const results = readResults(readFileSync(fixture))
  const unbroken = 'x'.repeat(90)
  const [first, ...others] = results.outcomes
  assert.ok(first !== undefined && results.plan.kind === 'sweep')
  const plan = { ...results.plan, name: unbroken, warnings: [`warning ${unbroken}`] }
  const failed = { ...first, state: 'failed' as const, failure: unbroken }
  const texts = others.map(outcome => ({
    ...outcome,
    evaluations: outcome.evaluations.map(evaluation => ({
      ...evaluation,
      responses: evaluation.responses.map(one => ({ ...one, prompt: `${unbroken} word `.repeat(20), text: unbroken })),
    })),
  }))
  const outcomes = [failed, ...texts]
  const comparison = compareArms({ plan, outcomes })
  const links = { MLflow: `http://127.0.0.1:40000/#/experiments/1/runs/${'a'.repeat(64)}` }
  return renderReport({ plan, outcomes, comparison, versions: { node: unbroken }, links }).text
}

test('long names, links and responses without spaces do not make the page wider than a phone', async () => {
  const path = join(folder, 'long.html')
  writeFileSync(path, longReport())
  for (const width of [320, 375]) {
    await visit(pathToFileURL(path).href, { width }, async page => {
      await page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`)
      const sizes = '[document.documentElement.scrollWidth, document.documentElement.clientWidth]'
      assert.deepEqual(await inPage<number[]>(page, sizes), [width, width])
      // Prompt, response and verdict are all in sight: a table of words does not scroll sideways.
      const cut = `[...document.querySelectorAll('table.words')].filter(one => one.parentElement.scrollWidth > one.parentElement.clientWidth).length`
      assert.equal(await inPage<number>(page, cut), 0)
    })
  }
})

test('no table is cut on a desktop with five seeds', async () => {
  const path = join(folder, 'five.html')
  writeFileSync(path, pageOf(readResults(readFileSync(new URL('table4.json.gz', fixture)))).text)
  await visit(pathToFileURL(path).href, { width: 1200 }, async page => {
    const cut = `[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).map(one => one.getAttribute('aria-label'))`
    assert.deepEqual(await inPage<string[]>(page, cut), [])
  })
})

test('what is too wide would have been found', async () => {
  await visit(address, { width: 360 }, async page => {
    await page.evaluate(
      `document.querySelector('main').insertAdjacentHTML('beforeend', '<p style="width: 500px">wide</p>')`,
    )
    assert.deepEqual(await inPage<string[]>(page, 'tooWideHere()'), ['P wide'])
  })
})

test('dark and light both have words and colours that stand out, and print is on white', async () => {
  const grounds: string[] = []
  for (const view of [
    { width: 800, scheme: 'light' },
    { width: 800, scheme: 'dark' },
    { width: 800, scheme: 'dark', media: 'print' },
  ] as const) {
    await visit(address, view, async page => {
      const { ground, ratios } = await inPage<{ ground: string; ratios: number[] }>(page, 'contrastHere()')
      grounds.push(ground)
      assert.ok(Math.min(...ratios) >= 4.5, `${JSON.stringify(view)}: ${ratios.map(ratio => ratio.toFixed(1))}`)
    })
  }
  const [light, dark, print] = grounds
  assert.equal(light, 'rgb(255, 255, 255)')
  assert.notEqual(dark, light)
  assert.equal(print, light)
})

test('each figure is a file too that a browser draws alone, arms named, in the same words', async () => {
  for (const drawing of report.figures) {
    const path = join(folder, `${drawing.name}.svg`)
    writeFileSync(path, svgFile(drawing))
    await visit(pathToFileURL(path).href, { width: 800, scheme: 'dark' }, async (page, seen) => {
      const found = await inPage<Picture>(page, 'pictureHere()')
      assert.equal(found.error, null, drawing.name)
      assert.ok(found.height > 200, `${drawing.name}: ${found.height}`)
      assert.equal(found.words, drawing.alternative)
      for (const { label } of drawing.legend) assert.ok(found.text.includes(label), `${drawing.name} lacks ${label}`)
      assert.deepEqual(found.outside, [], drawing.name)
      assert.deepEqual(found.covered, [], drawing.name)
      assert.deepEqual(seen.complaints, [])
    })
  }
})
