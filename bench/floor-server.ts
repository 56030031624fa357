import { createServer } from 'node:http'

/** The least that an HTTP server in Node.js can do: the same body to everybody. */
process.once('message', ({ body }: { body: string }) => {
  const bytes = Buffer.from(body)
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.length })
    response.end(bytes)
  })
  server.keepAliveTimeout = 65_000
  server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
})
process.on('disconnect', () => process.exit())
