import pg from 'pg'

type Note = (text: string, role: string | undefined) => void

/** Tells of each statement that this process sends, under which role its connection acts, from now on and for good. */
export function watchStatements(note: Note): void {
  const { query } = pg.Client.prototype
  const watched = function (this: pg.Client, ...args: unknown[]) {
    const [given] = args
    const text = typeof given === 'string' ? given : (given as { text?: string } | undefined)?.text
    const { options } = (this as unknown as { connectionParameters: { options?: string } }).connectionParameters
    if (text) note(text, /-c role=(\S+)/.exec(options ?? '')?.[1])
    return Reflect.apply(query, this, args)
  }
  pg.Client.prototype.query = watched as typeof query
}
