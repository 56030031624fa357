import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { childrenOf } from './children-of.ts'
import { makeDataDir, type Server, startServer } from './processes.ts'

const env = { DATA_DIR: makeDataDir(), WEB_CONCURRENCY: '2' }
const sockets: Socket[] = []
let server: Server
beforeAll(async () => {
  server = await startServer(env)
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await server.stop()
  rmSync(env.DATA_DIR, { recursive: true, force: true })
})

/** How many connections of the server's port each of its serving processes holds. */
function held(): Map<number, number> {
  const port = Number(new URL(server.url).port).toString(16).toUpperCase().padStart(4, '0')
  const inodes = readFileSync('/proc/net/tcp', 'utf8').matchAll(
    new RegExp(`^ *\\d+: [0-9A-F]+:${port} [0-9A-F]+:[0-9A-F]+ 01 (?:\\S+ +){5}(\\d+)`, 'gm'),
  )
  const open = new Set([...inodes].map(([, inode]) => `socket:[${inode}]`))
  return new Map(
    childrenOf(server.process.pid).map((pid) => [
      pid,
      readdirSync(`/proc/${pid}/fd`).filter((fd) => {
        try {
          return open.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
        } catch {
          return false
        }
      }).length,
    ]),
  )
}

/** Asks over a new connection whether the server is well. Rejects where it is not taken or not answered. */
async function ask(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve, reject) => socket.once('data', resolve).once('close', reject).once('error', reject))
  return socket
}

/** Asks over ten connections, which stay, and answers which processes have got some. */
async function takers(): Promise<number[]> {
  const before = held()
  sockets.push(...(await Promise.all(Array.from({ length: 10 }, ask))))
  return [...held()].filter(([pid, count]) => count > (before.get(pid) ?? 0)).map(([pid]) => pid)
}

test('one process takes the connections while it has time for them; when it hangs or dies another does', {
  timeout: 60_000,
}, async () => {
  let asking = true
  const asked = (async () => {
    let answers = 0
    for (; asking; answers++) (await ask()).destroy()
    return answers
  })().catch((error: unknown) => error)
  let first = 0
  await expect
    .poll(
      async () => {
        const [once, again] = [await takers(), await takers()]
        first = once[0] ?? 0
        return [once, again]
      },
      { timeout: 10_000 },
    )
    .toEqual([[expect.any(Number)], [expect.any(Number)]])
  const [second = 0] = [...held().keys()].filter((pid) => pid !== first)

  process.kill(first, 'SIGSTOP')
  try {
    expect(await takers()).toEqual([second])
  } finally {
    process.kill(first, 'SIGCONT')
  }
  await expect.poll(takers, { timeout: 20_000 }).toEqual([first])
  // From one to the other and back, every connection was taken and answered.
  asking = false
  expect(await asked).toBeGreaterThan(10)

  process.kill(first, 'SIGKILL')
  await expect.poll(() => takers().catch(() => []), { timeout: 10_000 }).toEqual([second])
})
