import { AppError } from '../errors.ts'

interface Limits {
  /** Works of all tenants at a time. */
  maxRunning: number
  /** Of one tenant, beside the one that runs. */
  maxWaiting: number
  maxWaitMs: number
}

interface Turn {
  start: () => void
  refuse: () => void
}

interface Tenant {
  isRunning: boolean
  /** Work for a user at a page, which starts before that for programs. */
  forUsers: Turn[]
  forPrograms: Turn[]
}

/**
 * Runs what is expensive for the database: a few works at a time in this process, one of a tenant, and tenants in turn. A
 * tenant that asks for more waits, up to a bound.
 */
export class FairQueue {
  readonly #limits: Limits
  readonly #tenants = new Map<string, Tenant>()
  /** Tenants that have work waiting and none running, in the order of their turns. */
  readonly #next: string[] = []
  #running = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** @throws AppError `rate_limited` for too many of one tenant, and for a turn that did not come in time. */
  async run<T>(tenant: string, caller: 'user' | 'program', work: () => Promise<T>): Promise<T> {
    await this.#turn(tenant, caller)
    try {
      return await work()
    } finally {
      this.#end(tenant)
    }
  }

  #turn(name: string, caller: 'user' | 'program'): Promise<void> {
    const tenant = this.#tenants.get(name) ?? { isRunning: false, forUsers: [], forPrograms: [] }
    this.#tenants.set(name, tenant)
    const waiting = caller === 'user' ? tenant.forUsers : tenant.forPrograms
    if (waiting.length >= this.#limits.maxWaiting) throw tooMany()
    if (!tenant.isRunning && tenant.forUsers.length + tenant.forPrograms.length === 0) this.#next.push(name)
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => turn.refuse(), this.#limits.maxWaitMs)
      const turn: Turn = {
        start: () => {
          clearTimeout(late)
          resolve()
        },
        refuse: () => {
          waiting.splice(waiting.indexOf(turn), 1)
          this.#forgetIdle(name, tenant)
          reject(tooLate())
        },
      }
      waiting.push(turn)
      this.#startNext()
    })
  }

  #startNext(): void {
    while (this.#running < this.#limits.maxRunning) {
      const name = this.#next.shift()
      if (name === undefined) return
      const tenant = this.#tenants.get(name)
      const turn = tenant?.forUsers.shift() ?? tenant?.forPrograms.shift()
      // What waited may have given up.
      if (!tenant || !turn) continue
      tenant.isRunning = true
      this.#running += 1
      turn.start()
    }
  }

  #end(name: string): void {
    this.#running -= 1
    const tenant = this.#tenants.get(name)
    if (tenant) {
      tenant.isRunning = false
      if (tenant.forUsers.length + tenant.forPrograms.length > 0) this.#next.push(name)
      else this.#forgetIdle(name, tenant)
    }
    this.#startNext()
  }

  #forgetIdle(name: string, tenant: Tenant): void {
    if (tenant.isRunning || tenant.forUsers.length + tenant.forPrograms.length > 0) return
    this.#tenants.delete(name)
    const at = this.#next.indexOf(name)
    if (at >= 0) this.#next.splice(at, 1)
  }
}

function tooMany(): AppError {
  return new AppError('rate_limited', 'Too many searches of this organisation are running. Try again in 1 s.', {
    headers: { 'Retry-After': '1' },
  })
}

function tooLate(): AppError {
  return new AppError(
    'rate_limited',
    'The searches that were asked for before this one took too long. Try again in 2 s.',
    {
      headers: { 'Retry-After': '2' },
    },
  )
}
