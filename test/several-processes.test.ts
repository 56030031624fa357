import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectionsHeld } from './connections-held.ts'
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

/** Asks over a new connection whether the server is well. Rejects where it is not taken or not answered. */
async function ask(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve, reject) => socket.once('data', resolve).once('close', reject).once('error', reject))
  return socket
}

/** Asks over ten connections, which stay, and answers which processes have got some. */
async function takers(): Promise<number[]> {
  const before = connectionsHeld(server)
  sockets.push(...(await Promise.all(Array.from({ length: 10 }, ask))))
  return [...connectionsHeld(server)].filter(([pid, count]) => count > (before.get(pid) ?? 0)).map(([pid]) => pid)
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
  const [second = 0] = [...connectionsHeld(server).keys()].filter((pid) => pid !== first)

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

  // One that is told to stop has ten seconds for a request that is on its way.
  await expect.poll(() => connectionsHeld(server).size, { timeout: 20_000 }).toBe(2)
  await expect.poll(async () => [await takers(), await takers()], { timeout: 20_000 }).toEqual([[second], [second]])
  const { port } = new URL(server.url)
  const slow = connect(Number(port), '127.0.0.1')
  sockets.push(slow)
  slow.write(
    `POST /sign-in HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: ${server.url}\r\n` +
      'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nemail=',
  )
  await takers()
  process.kill(second, 'SIGTERM')
  await expect.poll(async () => (await takers().catch(() => [second])).includes(second), { timeout: 5_000 }).toBe(false)
  expect(connectionsHeld(server).get(second)).toBe(1)
})
