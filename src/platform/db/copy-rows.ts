import { once } from 'node:events'
import { Readable } from 'node:stream'
import type pg from 'pg'

/** What pg's connection can do beside what its types tell. */
type Connection = pg.Connection & {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

interface CommandComplete {
  text: string
}

const pieceBytes = 64 * 1024

/** The rows of a `copy … to stdout` in pieces of about 64 KB, no faster than they are read; then how many rows it were. */
export async function* copyOut(client: pg.Client, text: string): AsyncGenerator<Buffer, number> {
  let stream: Connection['stream'] | undefined
  let gathered: Buffer[] = []
  let gatheredBytes = 0
  let rows = 0
  const pieces = new Readable({ objectMode: true, highWaterMark: 16, read: () => void stream?.resume() })
  const flush = () => {
    if (gatheredBytes > 0 && !pieces.push(Buffer.concat(gathered))) stream?.pause()
    gathered = []
    gatheredBytes = 0
  }
  client.query({
    submit(connection: pg.Connection) {
      stream = connection.stream
      connection.query(text)
    },
    handleCopyData({ chunk }: { chunk: Buffer }) {
      // A copy: what the connection reads into is used again.
      gathered.push(Buffer.from(chunk))
      gatheredBytes += chunk.length
      if (gatheredBytes >= pieceBytes) flush()
    },
    handleCommandComplete: (message: CommandComplete) => {
      rows = countOf(message)
    },
    handleError: (error: Error) => void pieces.destroy(error),
    handleReadyForQuery() {
      flush()
      pieces.push(null)
    },
  })
  yield* pieces
  return rows
}

/** Feeds a `copy … from stdin`; answers how many rows it took. */
export async function copyIn(client: pg.Client, text: string, pieces: AsyncIterable<Buffer>): Promise<number> {
  let failure: Error | undefined
  let rows = 0
  await new Promise<void>((resolve, reject) => {
    const feed = async (connection: Connection) => {
      for await (const piece of pieces) {
        if (failure) return
        connection.sendCopyFromChunk(piece)
        if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain')
      }
      connection.endCopyFrom()
    }
    client.query({
      submit: (connection: pg.Connection) => connection.query(text),
      handleCopyInResponse(connection: Connection) {
        feed(connection).catch((error: unknown) => {
          failure ??= error instanceof Error ? error : new Error(String(error))
          connection.sendCopyFail('the rows broke off')
        })
      },
      handleCommandComplete: (message: CommandComplete) => {
        rows = countOf(message)
      },
      handleError: (error: Error) => {
        failure ??= error
        reject(failure)
      },
      handleReadyForQuery: () => (failure ? reject(failure) : resolve()),
    })
  })
  return rows
}

function countOf({ text }: CommandComplete): number {
  return Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0)
}
