import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface Server {
  url: string
  process: ChildProcess
  /** Everything it wrote. */
  output(): string
  /** Ends it and answers how it ended. */
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
  const child = spawn(process.execPath, [join(root, 'dist', 'main.js')], {
    env: environment({ PORT: '0', API_RATE_LIMIT_PER_MINUTE: '6000000', API_RATE_LIMIT_BURST: '100000', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
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
          process: child,
          output: () => output,
          stop: (signal = 'SIGTERM') => {
            child.kill(signal)
            return ended
          },
        })
      }
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    ended.then(({ code }) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
}

/** Runs the command line; answers what it printed and its exit code. */
export function runCli(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

/** The command line's answer as JSON. Rejects with its error. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into any answer.
export async function cliJson(env: Record<string, string>, ...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await runCli(env, '--json', ...args)
  if (code !== 0) throw new Error(`queueup ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

/** This process's environment without the product's own settings. */
function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, ...env }
}
