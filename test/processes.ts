import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reportFigure } from './figures.ts'
import { IssuedSecrets, mustNameNobody } from './issued-secrets.ts'
import { mustLeaveNoSecret } from './left-behind.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** So that the statements of every process are watched as those of the tests' own are; forks inherit it. */
const watched = ['--import', new URL('watched-process.ts', import.meta.url).href]

/** What was handed out by whatever ran on a data directory or a database. */
const issuedOn = new Map<string, IssuedSecrets>()

export function issuedBy(env: Record<string, string>): IssuedSecrets {
  const place = env.DATABASE_URL ?? env.DATA_DIR ?? ''
  const issued = issuedOn.get(place) ?? new IssuedSecrets()
  issuedOn.set(place, issued)
  if (env.SECRET_KEY) issued.add(env.SECRET_KEY)
  return issued
}

export interface Server {
  url: string
  /** They must stand in nothing that it writes, and when it stops in no file of its data directory. */
  issued: IssuedSecrets
  process: ChildProcess
  /** Everything it wrote. */
  output(): string
  /** Ends it and answers how it ended. Rejects where it wrote down a secret or somebody's address. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export function makeDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'queueup-run-'))
  // Open to the user that PostgreSQL runs as when root runs the tests.
  chmodSync(folder, 0o711)
  return folder
}

/** Runs the built server as its operator would, on a port of its own. Rejects with what it wrote when it does not start. */
export function startServer(env: Record<string, string>): Promise<Server> {
  const child = spawn(process.execPath, [...watched, join(root, 'dist', 'main.js')], {
    env: environment({ PORT: '0', API_RATE_LIMIT_PER_MINUTE: '6000000', API_RATE_LIMIT_BURST: '100000', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const issued = issuedBy(env)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk
      const url = /"msg":"QueueUp is ready at ([^"]+)"/.exec(output)?.[1]
      if (url) {
        resolve({
          url,
          issued,
          process: child,
          output: () => output,
          stop: async (signal = 'SIGTERM') => {
            child.kill(signal)
            const how = await ended
            issued.mustNotBeKept(output, 'what the server wrote')
            mustNameNobody(output, 'what the server wrote')
            if (signal === 'SIGTERM' && env.DATA_DIR && existsSync(env.DATA_DIR))
              reportFigure('files of data directories searched for secrets', mustLeaveNoSecret(env.DATA_DIR, issued))
            return how
          },
        })
      }
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    ended.then(({ code }) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
}

/**
 * Starts the command line; `ended` answers what it printed and how it ended. It prints no secret that was there before it;
 * what it hands out itself nothing later may print.
 */
export function startCli(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [...watched, join(root, 'dist', 'cli.js'), ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const issued = issuedBy(env)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>(
    (resolve, reject) =>
      child.once('close', (code, signal) => {
        try {
          // It may say again what it was told, and nothing else that somebody knows.
          const told = args.filter(({ length }) => length > 11)
          const printed = told.reduce((text, given) => text.replaceAll(given, ''), stdout + stderr)
          issued.mustNotBeKept(printed, `what queueup ${args.join(' ')} printed`)
        } catch (error) {
          reject(error)
        }
        issued.addKey(/qu_live_[0-9A-Za-z]{38}/.exec(stdout)?.[0])
        issued.addMailed([{ text: stdout }])
        const [, password = ''] = /"(?:owner_)?password": ?"([^"]+)"/.exec(stdout) ?? []
        issued.addTyped({ password })
        resolve({ code, signal, stdout, stderr })
      }),
  )
  return { process: child, ended }
}

/** Runs the command line; answers what it printed and its exit code. */
export function runCli(env: Record<string, string>, ...args: string[]) {
  return startCli(env, ...args).ended
}

/** The command line's answer as JSON. Rejects with its error. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into any answer.
export async function cliJson(env: Record<string, string>, ...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await runCli(env, '--json', ...args)
  if (code !== 0) throw new Error(`queueup ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

/** An organisation with a waitlist and a key that may do both, made from the command line. */
export async function makeKeyByCli(env: Record<string, string>) {
  const { slug } = await cliJson(env, 'org', 'create', '--name', 'Acme', '--owner-email', 'ada@example.com')
  const { waitlist_id } = await cliJson(env, 'waitlist', 'create', '--org', slug, '--name', 'Launch')
  const scopes = ['--scope', 'subscribers:read', '--scope', 'subscribers:write']
  const { id, key } = await cliJson(env, 'key', 'create', '--org', slug, '--name', 'crm', ...scopes)
  return {
    slug: slug as string,
    path: `/waitlists/${waitlist_id}/subscribers`,
    waitlist: waitlist_id as string,
    key: key as string,
    keyId: id as string,
  }
}

/** The embedded database that runs on a data directory. */
export function postmasterPid({ DATA_DIR = '' }: Record<string, string>): number | undefined {
  const file = join(DATA_DIR, 'pg', 'data', 'postmaster.pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined
}

/** This process's environment without the product's own settings. What Node has compiled it keeps for the next process. */
function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, WATCHED_STATEMENTS } = process.env
  return { PATH, HOME, TMPDIR, WATCHED_STATEMENTS, NODE_COMPILE_CACHE: join(tmpdir(), 'queueup-compile-cache'), ...env }
}
