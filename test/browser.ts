import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const packaged = new URL('../node_modules/@sparticuz/chromium/', import.meta.url)

/** Starts the Chromium that comes with the npm packages, or the one at `CHROME_PATH`. Close it when done. */
export async function launchBrowser(): Promise<Browser> {
  const own = process.env.CHROME_PATH
  const folder = own ? undefined : await extractOnce()
  const executablePath = own ?? join(folder ?? '', 'chromium')
  return chromium.launch({
    executablePath,
    // Not the package's own arguments: they switch web security off.
    args: ['--headless=shell', '--no-zygote', '--disable-gpu', '--font-render-hinting=none'],
    chromiumSandbox: false,
    env: folder ? environmentFor(executablePath, folder) : { ...process.env },
  })
}

/** A folder of its own for each version and user, whole or not there, however many start at once. */
async function extractOnce(): Promise<string> {
  const { version } = JSON.parse(readFileSync(new URL('package.json', packaged), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `queueup-chromium-${version}-${userInfo().uid}`)
  if (existsSync(join(folder, 'chromium'))) return folder
  const half = mkdtempSync(`${folder}-`)
  await inflateInto(half, ['chromium.br', 'fonts.tar.br', 'al2023.tar.br'])
  // The package's own settings look for its fonts in a fixed place.
  const settings = `<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/font-cache</cachedir></fontconfig>`
  writeFileSync(join(half, 'fonts.conf'), settings)
  try {
    renameSync(half, folder)
  } catch (error) {
    // Somebody else was faster.
    rmSync(half, { recursive: true, force: true })
    if (!existsSync(join(folder, 'chromium'))) throw error
  }
  return folder
}

async function inflateInto(folder: string, archives: string[]): Promise<void> {
  const { inflate } = await import('@sparticuz/chromium')
  const before = process.env.TMPDIR
  // The package asks for the place at once, before it first waits.
  process.env.TMPDIR = folder
  const inflating = archives.map((archive) => inflate(new URL(`bin/${archive}`, packaged).pathname))
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  await Promise.all(inflating)
}

/** Where the system has not the libraries or fonts that a browser needs, the package's own. */
function environmentFor(executablePath: string, folder: string): Record<string, string | undefined> {
  const hasFonts = existsSync('/etc/fonts/fonts.conf')
  const env = { ...process.env, ...(hasFonts ? {} : { FONTCONFIG_FILE: join(folder, 'fonts.conf') }) }
  const runs = spawnSync(executablePath, ['--version'], { env }).status === 0
  return runs ? env : { ...env, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }
}
