/** What PostgreSQL calls the process behind a connection; the types of `pg` do not know it. */
interface Client {
  processID?: number | null
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

/**
 * Keeps what a server never finishes from using up its connections: a commit that waits for a standby that is gone goes on, and
 * keeps its connection at the server, long after we have given it up here.
 */
export class HungBackends {
  readonly #most: number
  #letGo: number[] = []

  constructor(most: number) {
    this.#most = most
  }

  noteLetGo({ processID }: Client): void {
    if (processID) this.#letGo.push(processID)
  }

  /** @throws Error as of a server with no connection to spare where as many as there may be still hang there. */
  async requireFew(client: Client): Promise<void> {
    if (this.#letGo.length < this.#most) return
    const asked = this.#letGo
    const { rows } = await client.query('select pid from pg_stat_activity where pid = any($1)', [asked])
    const there = new Set((rows as { pid: number }[]).map(({ pid }) => pid))
    // Others may have been let go meanwhile.
    this.#letGo = this.#letGo.filter((pid) => there.has(pid) || !asked.includes(pid))
    if (there.size < this.#most) return
    const message = `${there.size} connections that were given up still hang at the database`
    throw Object.assign(new Error(message), { code: tooManyConnections })
  }
}

const tooManyConnections = '53300'
