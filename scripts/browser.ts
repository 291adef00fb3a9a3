/**
 * A headless Chromium for tests and pictures. The one of the package @sparticuz/chromium comes with the libraries and the font that it
 * needs, so it runs on a Linux machine that has no browser and draws the same text on each; elsewhere the one on the PATH.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { type Browser, chromium } from 'playwright-core'

export interface LaunchedBrowser {
  browser: Browser
  /** Ends it and removes what it unpacked. */
  close: () => Promise<void>
}

/** Throws with what to do where there is no browser. */
export async function launchBrowser(): Promise<LaunchedBrowser> {
  const packed = packedBrowser()
  const unpacked = packed === null ? null : unpack(packed)
  const executablePath = unpacked === null ? onPath() : join(unpacked, 'chromium')
  const remove = () => {
    if (unpacked !== null) rmSync(unpacked, { recursive: true, force: true })
  }
  try {
    const browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // Letters at fractions of a pixel, as on a screen of today, whatever the machine's hinting.
        '--font-render-hinting=none',
      ],
      ...(unpacked === null ? {} : { env: { ...process.env, ...ownParts(unpacked) } }),
    })
    return {
      browser,
      close: async () => {
        await browser.close()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** Folder of the package's compressed files; null on another machine than the package is made for, or without it. */
function packedBrowser(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  try {
    // Its entry is build/cjs/index.cjs.
    return join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', '..', 'bin')
  } catch {
    // Installed without development packages.
    return null
  }
}

/** Into a new folder: the browser, its libraries under lib/, its font and how to find it. */
function unpack(packed: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'rlev-chromium-'))
  const read = (name: string) => brotliDecompressSync(readFileSync(join(packed, name)))
  writeFileSync(join(folder, 'chromium'), read('chromium.br'), { mode: 0o755 })
  for (const archive of ['al2023.tar.br', 'fonts.tar.br']) {
    execFileSync('tar', ['-x', '-C', folder], { input: read(archive) })
  }
  const cache = join(folder, 'cache')
  mkdirSync(cache)
  const configuration = `<?xml version="1.0"?><fontconfig><dir>${join(folder, 'fonts')}</dir><cachedir>${cache}</cachedir></fontconfig>`
  writeFileSync(join(folder, 'fonts.conf'), configuration)
  return folder
}

function ownParts(folder: string): Record<string, string> {
  const libraries = [join(folder, 'lib'), ...(process.env['LD_LIBRARY_PATH'] ?? '').split(delimiter)]
  return {
    LD_LIBRARY_PATH: libraries.filter(path => path !== '').join(delimiter),
    FONTCONFIG_FILE: join(folder, 'fonts.conf'),
  }
}

function onPath(): string {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch {
      // Perhaps under the next name.
    }
  }
  throw new Error(
    'no browser: install the development packages (`npm ci`), which bring one for Linux on x64, or put chromium on the PATH',
  )
}
