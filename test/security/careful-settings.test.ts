import { rmSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../src/platform/config.ts'
import { widestRanges } from '../../src/platform/http/client-address.ts'
import { makeDataDir, startServer } from '../processes.ts'

const folder = makeDataDir()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const here = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address
if (!here) process.stdout.write('this machine has no address but its own: who reaches the figures is not tested\n')
const freePort = () => 20_000 + Math.floor(Math.random() * 20_000)
const isReached = (host: string, port: number) =>
  fetch(`http://${host}:${port}/metrics`).then(
    () => true,
    () => false,
  )

test.runIf(here)(
  'figures are for this machine alone, whatever HOST is, unless METRICS_HOST says otherwise',
  async () => {
    const [mine, open] = [freePort(), freePort()]
    const all = { DATA_DIR: folder, HOST: '0.0.0.0' }
    const quiet = await startServer({ ...all, METRICS_PORT: String(mine) })
    expect([await isReached('127.0.0.1', mine), await isReached(here ?? '', mine)]).toEqual([true, false])
    expect((await fetch(`http://${here}:${new URL(quiet.url).port}/healthz`)).status).toBe(200)
    await quiet.stop()
    const told = await startServer({
      ...all,
      METRICS_PORT: String(open),
      METRICS_HOST: '0.0.0.0',
      PUBLIC_URL: 'http://waitlist.example.com',
      TRUSTED_PROXIES: '0.0.0.0/0,10.0.0.0/8',
    })
    expect(await isReached(here ?? '', open)).toBe(true)
    const warnings = told
      .output()
      .split('\n')
      .filter((line) => line.includes('TRUSTED_PROXIES'))
    expect(warnings.map((line) => JSON.parse(line))).toMatchObject([{ range: '0.0.0.0/0', level: expect.anything() }])
    await told.stop()
  },
)

test('the name of a host is checked like HOST', () => {
  expect(() => readConfig({ METRICS_HOST: 'a host' })).toThrow(/^METRICS_HOST must be an address or a host name/)
  expect(readConfig({}).config.metricsHost).toBe('127.0.0.1')
})

test('ranges that hold more than proxies are told from those that clouds and networks of one’s own have', () => {
  const wide = ['0.0.0.0/0', '::/0', '0.0.0.0/1', '128.0.0.0/1', '8.0.0.0/8', '2000::/3', '10.0.0.0/7']
  const honest = [
    '127.0.0.1',
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '104.16.0.0/13',
    '2a06:98c0::/29',
    'fd00::/8',
    '::1',
    '203.0.113.7',
  ]
  expect(wide.filter((range) => widestRanges([range]).length === 0)).toEqual([])
  expect(widestRanges(honest)).toEqual([])
})
