import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, expect, inject, test } from 'vitest'
import { serverOf } from '../../../test/relay.ts'
import { refuseTransactionPooler } from './refuse-transaction-pooler.ts'

const poolers: Server[] = []
afterAll(() => {
  for (const pooler of poolers) pooler.close()
})

async function listen(serve: (client: Socket) => void): Promise<string> {
  const pooler = createServer((client) => {
    client.on('error', () => undefined)
    serve(client)
  })
  poolers.push(pooler)
  await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve))
  const address = pooler.address()
  const url = new URL(inject('postgresUrl'))
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' ? address?.port : '')
  return url.toString()
}

/** Passes everything on but the first packet of a session, which `begin` deals with. Answers the address through it. */
async function startPooler(begin: (packet: Buffer, client: Socket, database: Socket) => void): Promise<string> {
  return listen((client) => {
    const target = serverOf(inject('postgresUrl'))
    const database = typeof target === 'string' ? connect(target) : connect(target, '127.0.0.1')
    database.on('error', () => undefined)
    database.on('close', () => client.destroy())
    client.on('close', () => database.destroy())
    client.once('data', (packet) => {
      begin(packet, client, database)
      client.pipe(database)
    })
    database.pipe(client)
  })
}

/** Lends one of its servers, which are but numbers here, for each transaction, and knows the questions that are asked of it. */
function startTransactionPooler(): Promise<string> {
  const message = (type: string, ...parts: (string | number[])[]) => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
    const head = Buffer.from(`${type}....`)
    head.writeInt32BE(4 + body.length, 1)
    return Buffer.concat([head, body])
  }
  const column = message('T', [0, 1], 'pid\0', [0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0])
  const free = [1, 2, 3]
  return listen((client) => {
    let mine: number | undefined
    client.on('data', (packet) => {
      const [type, text] = [packet.toString('latin1', 0, 1), packet.toString('utf8', 5)]
      if (type === '\0') client.write(Buffer.concat([message('R', [0, 0, 0, 0]), message('Z', 'I')]))
      if (type !== 'Q') return
      const server = mine ?? free.pop() ?? 0
      const rows = text.startsWith('select') ? [column, message('D', [0, 1, 0, 0, 0, 1], String(server))] : []
      mine = text.startsWith('begin') || (mine && !text.startsWith('rollback')) ? server : undefined
      if (!mine) free.push(server)
      client.write(Buffer.concat([...rows, message('C', 'DONE\0'), message('Z', mine ? 'T' : 'I')]))
    })
  })
}

/** A start of a session with other options, or none. */
function withOptions(packet: Buffer, change: (options: string) => string): Buffer {
  const words = packet.subarray(8, -2).toString().split('\0')
  const i = words.indexOf('options')
  if (i >= 0) words[i + 1] = change(words[i + 1] ?? '')
  const body = Buffer.from(`${words.join('\0')}\0\0`)
  const head = Buffer.from(packet.subarray(0, 8))
  head.writeInt32BE(8 + body.length)
  return Buffer.concat([head, body])
}

test('the database itself, and a pooler that passes everything on, are taken', async () => {
  await expect(refuseTransactionPooler(inject('postgresUrl'))).resolves.toBeUndefined()
  const transparent = await startPooler((packet, _, database) => database.write(packet))
  await expect(refuseTransactionPooler(transparent)).resolves.toBeUndefined()
})

test('a pooler in transaction mode is refused with a sentence', async () => {
  await expect(refuseTransactionPooler(await startTransactionPooler())).rejects.toThrow(/a pooler in transaction mode/)
})

test.each([
  ['drops the options of a session', (_: string) => ''],
  ['keeps of them what it knows', (options: string) => /-c search_path=\S+/.exec(options)?.[0] ?? ''],
])('a pooler that %s is refused with a sentence', async (_, change) => {
  const url = await startPooler((packet, _, database) => database.write(withOptions(packet, change)))
  await expect(refuseTransactionPooler(url)).rejects.toThrow(/a pooler that does not pass on the settings of a session/)
})

test('a pooler that refuses options is refused with the same sentence', async () => {
  const url = await startPooler((packet, client, database) => {
    if (packet.includes('options\0')) client.destroy()
    else database.write(packet)
  })
  await expect(refuseTransactionPooler(url)).rejects.toThrow(/a pooler that does not pass on the settings of a session/)
})
