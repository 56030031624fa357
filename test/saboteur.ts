import pg from 'pg'

/** A connection that breaks, or what PostgreSQL answers: nobody's turn, out of time, and something that nobody foresaw. */
export type Fault = 'lost' | '40001' | '57014' | 'XX000'

interface Plan {
  /** How many statements still go through. */
  left: number
  fault: Fault
  hit?: string
}

/** Lets one of the statements fail that this process sends to a database under the application's role. */
export function makeSaboteur(databaseUrl: string) {
  const { query } = pg.Client.prototype
  const name = new URL(databaseUrl).pathname.slice(1)
  let plan: Plan | undefined
  const sabotaged = function (this: pg.Client, ...args: unknown[]) {
    const { options } = (this as unknown as { connectionParameters: { options?: string } }).connectionParameters
    if (!plan || plan.hit !== undefined || this.database !== name || !options?.includes('role=queueup_app'))
      return Reflect.apply(query, this, args)
    if (plan.left > 0) {
      plan.left -= 1
      return Reflect.apply(query, this, args)
    }
    plan.hit = textOf(args[0])
    if (plan.fault === 'lost') {
      ;(this as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
      return Reflect.apply(query, this, args)
    }
    // At the server too, so that its transaction is over.
    const text = `do $$ begin raise exception 'planted: do not show' using errcode = '${plan.fault}'; end $$`
    return Reflect.apply(query, this, [text, ...args.filter((arg) => typeof arg === 'function')])
  }
  pg.Client.prototype.query = sabotaged as typeof query
  return {
    /** The k-th statement from now on fails, once. */
    arm(k: number, fault: Fault) {
      plan = { left: k - 1, fault }
    },
    /** The statement that failed, if it came so far. */
    disarm(): string | undefined {
      const hit = plan?.hit
      plan = undefined
      return hit
    },
    stop() {
      pg.Client.prototype.query = query
    },
  }
}

function textOf(given: unknown): string {
  return typeof given === 'string' ? given : String((given as { text?: string } | undefined)?.text)
}
