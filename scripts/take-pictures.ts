import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../test/browser.ts'

/** Takes the pictures in docs/images from the demo at the size that they are shown in. Build first: it runs what is in dist/. */
const root = new URL('..', import.meta.url).pathname
const images = join(root, 'docs', 'images')
const pages = [
  { name: 'waitlists', path: 'waitlists', height: 420, looks: ['light', 'dark'] },
  { name: 'api-keys', path: 'api-keys', height: 480, looks: ['light'] },
  { name: 'activity', path: 'activity', height: 640, looks: ['light'] },
]

interface Demo {
  url: string
  email: string
  password: string
}

const dataDir = mkdtempSync(join(tmpdir(), 'queueup-pictures-'))
const port = await freePort()
const server = spawn(process.execPath, [join(root, 'dist', 'cli.js'), 'demo'], {
  env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), PUBLIC_URL: '', DATABASE_URL: '', LOG_LEVEL: 'error' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const demo = await readDemo(server)
  const browser = await launchBrowser()
  try {
    for (const colorScheme of ['light', 'dark'] as const) await takeAll(browser, demo, colorScheme)
  } finally {
    await browser.close()
  }
} finally {
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await ended
  rmSync(dataDir, { recursive: true, force: true })
}

async function takeAll(browser: Browser, demo: Demo, colorScheme: 'light' | 'dark'): Promise<void> {
  const context = await browser.newContext({
    colorScheme,
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 640 },
  })
  const page = await context.newPage()
  await page.goto(`${demo.url}/sign-in`)
  await page.getByLabel('E-mail').fill(demo.email)
  await page.getByLabel('Password').fill(demo.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/waitlists$/)
  const home = page.url().replace(/\/waitlists$/, '')
  for (const { name, path, height, looks } of pages) {
    if (!looks.includes(colorScheme)) continue
    await page.setViewportSize({ width: 1280, height })
    await page.goto(`${home}/${path}`)
    const file = colorScheme === 'light' ? `${name}.png` : `${name}-dark.png`
    await page.screenshot({ path: join(images, file) })
    process.stdout.write(`docs/images/${file}\n`)
  }
  await context.close()
}

/** What the demo prints once it is ready. */
function readDemo({ stdout }: ChildProcess): Promise<Demo> {
  return new Promise((resolve, reject) => {
    let text = ''
    stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const find = (label: string) => new RegExp(`${label} +(\\S+)`).exec(text)?.[1] ?? ''
      if (text.includes('curl'))
        resolve({ url: `http://localhost:${port}`, email: find('Email'), password: find('Password') })
    })
    stdout?.on('end', () => reject(new Error(`the demo ended before it was ready:\n${text}`)))
  })
}

async function freePort(): Promise<number> {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  await new Promise((resolve) => listener.close(resolve))
  if (!address || typeof address === 'string') throw new Error('no free port')
  return address.port
}
