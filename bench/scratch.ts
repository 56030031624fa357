import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a run has begun and must end, whatever happens: processes, a database, a folder. */
export class Scratch {
  readonly #endings: (() => Promise<void> | void)[] = []
  #ended: Promise<void> | undefined

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => void this.end().finally(() => process.exit(130)))
    }
    process.once('uncaughtException', (error) => {
      console.error('bench:', error)
      void this.end().finally(() => process.exit(1))
    })
  }

  /** Runs at the end, what came last first. */
  atEnd(ending: () => Promise<void> | void): void {
    this.#endings.push(ending)
  }

  /** A folder of its own below the system's temporary one. */
  makeFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'queueup-bench-'))
    // Open to the user that PostgreSQL runs as where root runs this.
    chmodSync(folder, 0o711)
    this.atEnd(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  }

  /** Starts a file of this folder as a process, sends it `input` and answers its first message. */
  async startHelper<Answer>(
    file: string,
    input: Serializable,
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ child: ChildProcess; answer: Answer }> {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.watch(child)
    child.send(input)
    return { child, answer: await nextMessage<Answer>(child, file) }
  }

  /** Ends a process with this run: kindly, then after ten seconds for certain. */
  watch(child: ChildProcess): void {
    const exited = once(child, 'exit')
    this.atEnd(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(late)
    })
  }

  end(): Promise<void> {
    this.#ended ??= this.#endAll()
    return this.#ended
  }

  async #endAll(): Promise<void> {
    for (const ending of this.#endings.reverse()) {
      try {
        await ending()
      } catch (error) {
        console.error('bench: something did not end well:', error)
      }
    }
  }
}

/** The next message of a process. @throws Error when it ends instead. */
export function nextMessage<Answer>(child: ChildProcess, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${name} ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as Answer)
    })
  })
}
