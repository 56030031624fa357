import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDataDir, postmasterPid, startServer } from '../../../test/processes.ts'
import { randomBase62 } from '../secrets.ts'

let dataDir: string
beforeAll(() => {
  dataDir = makeDataDir()
})
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const databaseRuns = () => postmasterPid({ DATA_DIR: dataDir }) !== undefined

test.each(['1', '2'])('with %s processes, Ctrl-C that comes twice by itself still stops cleanly', async (count) => {
  const server = await startServer({ DATA_DIR: dataDir, WEB_CONCURRENCY: count })
  const ended = server.stop('SIGINT')
  server.process.kill('SIGTERM')
  expect(await ended).toEqual({ code: 0, signal: null })
  expect(server.output()).toMatch(/"msg":"stopped"/)
  expect(databaseRuns()).toBe(false)
})

test.each(['1', '2'])(
  'with %s processes, a port in use is refused with a sentence, and no database is left running',
  async (count) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = String(typeof address === 'object' && address ? address.port : 0)
    await expect(startServer({ DATA_DIR: dataDir, WEB_CONCURRENCY: count, PORT: port })).rejects.toThrow(
      `QueueUp did not start: PORT ${port} of 127.0.0.1 is in use by another program. Stop it, or set another one.`,
    )
    await expect(startServer({ DATA_DIR: dataDir, WEB_CONCURRENCY: count, METRICS_PORT: port })).rejects.toThrow(
      `METRICS_PORT ${port}`,
    )
    other.close()
    expect(databaseRuns()).toBe(false)
  },
)

test('a host that is not of this machine, and a database that does not answer, are refused with a sentence', async () => {
  await expect(startServer({ DATA_DIR: dataDir, HOST: '192.0.2.1' })).rejects.toThrow(
    /did not start: HOST 192\.0\.2\.1 is not an address that this machine can listen on/,
  )
  const secret = { DATA_DIR: dataDir, SECRET_KEY: randomBase62(43) }
  const refused = startServer({ ...secret, DATABASE_URL: 'postgres://ada:very-secret@127.0.0.1:1/x' })
  await expect(refused).rejects.toThrow(
    /did not start: The database of DATABASE_URL does not let us in: .*ECONNREFUSED/,
  )
  await refused.catch((error: Error) => expect(error.message).not.toMatch(/very-secret/))
  await expect(startServer({ DATA_DIR: '/dev/null/data' })).rejects.toThrow(
    /did not start: DATA_DIR \/dev\/null\/data cannot be used: ENOTDIR/,
  )
})

test('told a second time later on, it ends at once', async () => {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { onStopSignal } from ${JSON.stringify(new URL('on-stop-signal.ts', import.meta.url).href)}
     setInterval(() => undefined, 1000)
     const told = new Promise((stop) => onStopSignal(stop))
     console.log('listening')
     await told
     setTimeout(() => console.log('a second later'), 1050)`,
  ])
  const ended = once(child, 'exit')
  const says = (text: string) =>
    new Promise<void>((resolve) => child.stdout.on('data', (chunk) => String(chunk).includes(text) && resolve()))
  await says('listening')
  child.kill('SIGTERM')
  await says('a second later')
  child.kill('SIGTERM')
  expect(await ended).toEqual([143, null])
})
