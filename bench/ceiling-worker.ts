import pg from 'pg'

/** Stands in for pgbench where there is none: ten connections in a loop, through the driver, in a process of their own. */
process.once('message', async (job: { databaseUrl: string; sql: string; values: unknown[]; clients: number }) => {
  const clients = await Promise.all(
    Array.from({ length: job.clients }, async () => {
      const client = new pg.Client({ connectionString: job.databaseUrl, options: '-c jit=off' })
      await client.connect()
      return client
    }),
  )
  process.on('message', async ({ seconds }: { seconds: number }) => {
    const startedMs = performance.now()
    let done = 0
    await Promise.all(
      clients.map(async (client) => {
        while (performance.now() - startedMs < seconds * 1_000) {
          await client.query({ name: 'page', text: job.sql, values: job.values })
          done += 1
        }
      }),
    )
    process.send?.(done / ((performance.now() - startedMs) / 1_000))
  })
  process.send?.('ready')
})
process.on('disconnect', () => process.exit())
