import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Passwords are hashed at a thousandth of the cost within tests: a tenth of a second for each sign-in is half of the time that
 * all of them take. What cost is asked for is under test in timing.test.ts, and servers that tests start pay it.
 */
const { scrypt } = crypto
if (!('isQuick' in scrypt)) {
  const quick = (password: string, salt: string, length: number, cost: crypto.ScryptOptions, done: () => void) =>
    scrypt(password, salt, length, { ...cost, N: 16 }, done)
  crypto.scrypt = Object.assign(quick, { isQuick: true }) as unknown as typeof scrypt
  syncBuiltinESMExports()
}
