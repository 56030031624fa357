import { createServer } from 'node:net'
import { ConfigError } from '../config.ts'

/**
 * The port to listen on: the one asked for, or a free one for 0.
 * @throws ConfigError with what to change, where nobody could listen there.
 */
export async function findPort(setting: 'PORT' | 'METRICS_PORT', host: string, port: number): Promise<number> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE')
      throw new ConfigError(`${setting} ${port} of ${host} is in use by another program. Stop it, or set another one.`)
    if (code === 'EACCES') throw new ConfigError(`${setting} ${port} may not be opened by this user. Set another one.`)
    throw new ConfigError(
      `${setting === 'PORT' ? 'HOST' : 'METRICS_HOST'} ${host} is not an address that this machine can listen on (${String(code)}).`,
    )
  }
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (!address || typeof address === 'string') throw new Error('no free port')
  return address.port
}
