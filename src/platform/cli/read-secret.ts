import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { AppError } from '../errors.ts'
import { endBySignal } from '../process/on-stop-signal.ts'

const maxBytes = 4_096

/**
 * The secret that an option stands for: its value, with a warning, since every user of the machine sees arguments; without a
 * value, what is typed twice at a terminal, unseen, or the first line of standard input. Undefined where the option is absent.
 * @throws AppError `validation_failed`.
 */
export async function readSecret(
  option: string,
  given: string | true | undefined,
  { input = process.stdin }: { input?: NodeJS.ReadStream } = {},
): Promise<string | undefined> {
  if (given === undefined) return undefined
  if (given !== true) {
    process.stderr.write(
      `Warning: other users of this machine can see the value of ${option} while the command runs. Leave the value out to be asked for it, or to send it on standard input.\n`,
    )
    return given
  }
  const secret = input.isTTY ? await ask(input) : await readFirstLine(input)
  if (secret === '') throw new AppError('validation_failed', `No password was given for ${option}.`)
  return secret
}

async function ask(input: NodeJS.ReadStream): Promise<string> {
  // Typed letters are echoed to nowhere; the terminal itself does not echo meanwhile.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  const ended = new AbortController()
  lines.once('close', () => ended.abort())
  lines.once('SIGINT', () => {
    lines.close()
    process.stderr.write('\n')
    endBySignal('SIGINT')
  })
  const question = async (text: string) => {
    process.stderr.write(text)
    const answer = await lines.question('', { signal: ended.signal }).catch(() => '')
    process.stderr.write('\n')
    return answer
  }
  try {
    const secret = await question('Password: ')
    if (secret !== '' && (await question('Again: ')) !== secret)
      throw new AppError('validation_failed', 'The two passwords differ. Try again.')
    return secret
  } finally {
    lines.close()
  }
}

/** Without its line break; what comes after it is left alone. */
async function readFirstLine(input: NodeJS.ReadStream): Promise<string> {
  let text = Buffer.alloc(0)
  for await (const piece of input) {
    text = Buffer.concat([text, Buffer.from(piece)])
    if (text.includes('\n') || text.length > maxBytes) break
  }
  if (text.length > maxBytes) throw new AppError('validation_failed', 'The first line of standard input is too long.')
  return (text.toString().split('\n')[0] ?? '').replace(/\r$/, '')
}
