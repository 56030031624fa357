import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pino from 'pino'
import { startEmbeddedPostgres } from '../src/platform/db/embedded/start-embedded-postgres.ts'
import type { Scratch } from './scratch.ts'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))

export interface RunningServer {
  url: string
  pid: number
  /** Everything it wrote of late. */
  output(): string
  /** Ends it as its operator would. */
  stop(): Promise<void>
}

export interface RunningProduct extends RunningServer {
  /** What it was started with. */
  env: NodeJS.ProcessEnv
  databaseUrl: string
  key: string
  waitlists: { plain: string; moved: string; small: string; smallMoved: string; created: string }
}

/** Starts the built server as its operator would, and makes an organisation with a key and three empty waitlists. */
export async function startProduct(scratch: Scratch, databaseUrl: string | undefined): Promise<RunningProduct> {
  const dataDir = scratch.makeFolder()
  const env = makeEnvironment(dataDir, databaseUrl)
  // Started here, adopted by the server: so that this run knows its address, and ends it even where the server could not.
  const embedded =
    databaseUrl === undefined ? await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) }) : undefined
  if (embedded) {
    embedded.leave()
    scratch.atEnd(() => embedded.stop())
  }
  const server = await startServer(scratch, env)

  const cli = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(dist, 'cli.js'), '--json', ...args], { env })
    return JSON.parse(stdout) as Record<string, string>
  }
  const made = await cli('org', 'create', '--name', 'Bench', '--owner-email', 'bench@example.com', '--plan', 'team')
  const org = made.slug ?? ''
  const makeWaitlist = async (name: string) =>
    (await cli('waitlist', 'create', '--org', org, '--name', name)).waitlist_id ?? ''
  const scopes = ['--scope', 'subscribers:read', '--scope', 'subscribers:write']
  const { key } = await cli('key', 'create', '--org', org, '--name', 'bench', ...scopes)
  return {
    ...server,
    env,
    databaseUrl: embedded?.url ?? databaseUrl ?? '',
    key: key ?? '',
    waitlists: {
      plain: await makeWaitlist('Nobody moved'),
      moved: await makeWaitlist('Moved by referrals'),
      small: await makeWaitlist('Short'),
      smallMoved: await makeWaitlist('Short, moved by referrals'),
      created: await makeWaitlist('Filling up'),
    },
  }
}

/** What a server of this run is started with. */
export function makeEnvironment(dataDir: string, databaseUrl: string | undefined): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TMPDIR: process.env.TMPDIR,
    DATA_DIR: dataDir,
    PORT: '0',
    API_RATE_LIMIT_PER_MINUTE: '600',
    API_RATE_LIMIT_BURST: '1000000000',
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  }
}

/** Starts the built server and waits until it says that it is ready. */
export function startServer(scratch: Scratch, env: NodeJS.ProcessEnv): Promise<RunningServer> {
  const child = spawn(process.execPath, [join(dist, 'main.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  scratch.watch(child)
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  let output = ''
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output = (output + chunk).slice(-100_000)
      const url = /"msg":"QueueUp is ready at ([^"]+)"/.exec(output)?.[1]
      // By address: resolving "localhost" anew for each connection would be measured too.
      if (url) resolve({ url: url.replace('localhost', '127.0.0.1'), pid: child.pid ?? 0, output: () => output, stop })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
}
