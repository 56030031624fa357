import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import pg from 'pg'

/** What this process asks of the database and hashes, statement by statement, from here on. */
export function watchWork() {
  let statements: string[] = []
  let hashes = 0
  const { query } = pg.Client.prototype
  const { scrypt } = crypto
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [given] = args as [string | { text?: string } | undefined]
    statements.push((typeof given === 'string' ? given : given?.text) ?? '')
    return Reflect.apply(query, this, args)
  } as typeof query
  // Instead of a tenth of a second, in which all the rest would be lost: that it is done, and with what, is counted.
  crypto.scrypt = ((
    _password,
    _salt,
    length: number,
    cost: crypto.ScryptOptions,
    done: (e: null, key: Buffer) => void,
  ) => {
    hashes += (cost.N ?? 0) * (cost.r ?? 0) * (cost.p ?? 0)
    setImmediate(() => done(null, Buffer.alloc(length)))
  }) as typeof scrypt
  syncBuiltinESMExports()
  return {
    /** What was done since it was asked last. */
    take() {
      const done = { statements, hashes }
      statements = []
      hashes = 0
      return done
    },
    stop() {
      pg.Client.prototype.query = query
      crypto.scrypt = scrypt
      syncBuiltinESMExports()
    },
  }
}
