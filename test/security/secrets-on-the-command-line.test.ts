import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asUser } from '../as.ts'
import { cliJson, makeDataDir, runCli, type Server, startServer } from '../processes.ts'

const env = { DATA_DIR: makeDataDir() }
const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js')
const password = 'trombone eclipse 17'
let server: Server
beforeAll(async () => {
  server = await startServer(env)
})
afterAll(async () => {
  await server.stop()
  rmSync(env.DATA_DIR, { recursive: true, force: true })
})

const create = (email: string, ...more: string[]) => [
  'org',
  'create',
  '--name',
  'Acme',
  '--owner-email',
  email,
  ...more,
]

async function signsIn(email: string, typed = password): Promise<boolean> {
  const page = await (await asUser(server, undefined)).post('/sign-in', { email, password: typed })
  return page.status === 303
}

function withInput(input: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    env: { PATH: process.env.PATH, ...env },
    input,
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

test('a password that stands among the arguments works, with a warning that others see it', async () => {
  const { code, stderr } = await runCli(env, ...create('argv@example.com', '--owner-password', password))
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^Warning: other users .* --owner-password .*\n$/)])
  expect(await signsIn('argv@example.com')).toBe(true)
})

test.each([`${password}\n`, password, `${password}\r\n`, `${password}\nand more\n`])(
  'a password comes on standard input: %j',
  async (input) => {
    const email = `stdin-${Math.random().toString(36).slice(2)}@example.com`
    const made = withInput(input, ...create(email, '--owner-password'))
    expect([made.code, made.stderr]).toEqual([0, ''])
    expect(await signsIn(email)).toBe(true)
  },
)

test('so does that of a member', async () => {
  const { slug } = await cliJson(env, ...create('boss@example.com'))
  const member = [
    'member',
    'add',
    '--org',
    slug,
    '--email',
    'stdin-member@example.com',
    '--role',
    'admin',
    '--password',
  ]
  expect(withInput(`${password}\n`, ...member)).toMatchObject({ code: 0, stderr: '' })
  expect(await signsIn('stdin-member@example.com')).toBe(true)
  const warned = await runCli(env, ...member.with(5, 'argv-member@example.com'), password)
  expect(warned).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Warning: .* --password /) })
})

test.each([
  ['nothing', '', /^No password was given for --owner-password\.\n$/],
  ['an empty line', '\nsecond\n', /^No password was given/],
  ['a line without end', 'a'.repeat(100_000), /too long/],
  ['a common one', 'password123\n', /^This password is too common/],
  ['a short one', 'short\n', /at least 10 characters/],
])('%s is refused with a sentence and exit code 1', (_, input, sentence) => {
  const refused = withInput(input, ...create('nobody@example.com', '--owner-password'))
  expect([refused.code, refused.stdout, refused.stderr]).toEqual([1, '', expect.stringMatching(sentence)])
})

/** A terminal: answers each prompt with the next line, and prints all that stood on it, then how the command ended. */
const terminal = `
import os, pty, sys, json
answers = json.loads(sys.argv[1]); seen = b''; sent = 0
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[2], sys.argv[2:])
while True:
    try: piece = os.read(fd, 4096)
    except OSError: break
    if not piece: break
    seen += piece
    while sent < len(answers) and seen.count(b': ') > sent:
        os.write(fd, answers[sent].encode()); sent += 1
status = os.waitpid(pid, 0)[1]
print(json.dumps({'seen': seen.decode(), 'code': os.waitstatus_to_exitcode(status)}))
`
const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) process.stdout.write('no python3 here: what a terminal shows is not tested\n')

function atTerminal(answers: string[], ...args: string[]): { seen: string; code: number } {
  const python = ['-c', terminal, JSON.stringify(answers), process.execPath, cli, ...args]
  return JSON.parse(execFileSync('python3', python, { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' }))
}

describe.skipIf(!hasPython)('at a terminal', () => {
  test('a password is asked for twice, and what is typed is not shown', async () => {
    const typed = [`${password}\r`, `${password}\r`]
    const { seen, code } = atTerminal(typed, ...create('tty@example.com', '--owner-password'))
    expect([code, seen.includes(password)]).toEqual([0, false])
    expect(seen).toMatch(/^Password: \r\nAgain: \r\nMade /)
    expect(await signsIn('tty@example.com')).toBe(true)
  })

  test('what was mistyped is taken back, and two that differ are refused', async () => {
    const corrected = [`wrong\u007f\u007f\u007f\u007f\u007f${password}\r`, `${password}\r`]
    expect(atTerminal(corrected, ...create('corrected@example.com', '--owner-password')).code).toBe(0)
    expect(await signsIn('corrected@example.com')).toBe(true)
    const { seen, code } = atTerminal(
      [`${password}\r`, 'another password\r'],
      ...create('two@example.com', '--owner-password'),
    )
    expect([code, seen]).toEqual([1, 'Password: \r\nAgain: \r\nThe two passwords differ. Try again.\r\n'])
  })

  test.each([
    ['Ctrl-C', 'half of it\u0003', 130],
    ['Ctrl-D', '\u0004', 1],
  ])('%s ends it, and nothing that was typed is shown', (_, typed, expected) => {
    const { seen, code } = atTerminal([typed], ...create('none@example.com', '--owner-password'))
    expect([code, seen.includes('half')]).toEqual([expected, false])
  })
})

test.runIf(existsSync('/proc/self/cmdline'))(
  'what came on standard input stands among no process’s arguments',
  async () => {
    const child = spawn(process.execPath, [cli, ...create('ps@example.com', '--owner-password')], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    child.stdout.resume()
    const seen = () =>
      readFileSync(`/proc/${child.pid}/cmdline`, 'utf8') + readFileSync(`/proc/${child.pid}/environ`, 'utf8')
    expect(seen()).toContain('ps@example.com')
    child.stdin.end(`${password}\n`)
    expect(seen()).not.toContain(password)
    expect(await ended).toBe(0)
  },
)
