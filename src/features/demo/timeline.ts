import { type Context, inSnapshot } from '../../platform/context.ts'

/** Does things one after another as if each were done at its time, and remembers which rows of the log they wrote. */
export class Timeline {
  readonly #ctx: Context
  readonly #times: Date[] = []
  #last: Date

  constructor(ctx: Context, start: Date) {
    this.#ctx = ctx
    this.#last = start
  }

  /** By number, beginning with the first row of the log. */
  get times(): readonly Date[] {
    return this.#times
  }

  /** Times must not run back, since those of the log do not. Where several rows are written, `each` has a time for every one. */
  async at<T>(time: Date, work: (ctx: Context) => Promise<T>, each: readonly Date[] = []): Promise<T> {
    const now = time < this.#last ? this.#last : time
    const done = await work({ ...this.#ctx, now: () => now })
    const before = this.#times.length
    for (let number = await this.#lastNumber(); number > this.#times.length; ) {
      const own = each[this.#times.length - before] ?? now
      this.#last = own < this.#last ? this.#last : own
      this.#times.push(this.#last)
    }
    return done
  }

  #lastNumber(): Promise<number> {
    return inSnapshot(this.#ctx, async ({ sql, organisation }) => {
      const counter = await sql
        .selectFrom('organisation_counters')
        .select('last_activity_number')
        .where('organisation_id', '=', organisation.id)
        .executeTakeFirstOrThrow()
      return counter.last_activity_number
    })
  }
}
