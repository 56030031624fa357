import type { ApiAnswer } from './as.ts'
import { asApiKey } from './as.ts'

export interface Writers {
  /** Every address that was answered 201. */
  acknowledged: string[]
  /** How often each answer came that is no 201; 0 where none came. */
  others: Map<number, number>
  /** What no honest server answers: another status than 201 and 503, or a 503 that does not say when to come again. */
  wrong: string[]
  /** Ends them; each finishes its request first. */
  stop(): Promise<void>
}

/**
 * Writers that create through the API until stopped, whatever happens to the server. Every second one sends a create again, with
 * its Idempotency-Key, until it is acknowledged; the others go on to the next.
 */
export function startWriters(
  product: () => { url: string },
  { key, path }: { key: string; path: string },
  prefix: string,
  count = 8,
): Writers {
  const writers: Writers = { acknowledged: [], others: new Map(), wrong: [], stop }
  let writing = true
  async function create(email: string, headers: Record<string, string>): Promise<boolean> {
    const answer = await asApiKey(product(), key)
      .post(path, { email }, headers)
      .catch((error: unknown) => {
        // A connection that broke is a TypeError of fetch; anything else is about an answer that came.
        if (!(error instanceof TypeError)) writers.wrong.push(`${email}: ${error}`)
        return undefined
      })
    if (answer?.status === 201) {
      writers.acknowledged.push(email)
      return true
    }
    const status = answer?.status ?? 0
    writers.others.set(status, (writers.others.get(status) ?? 0) + 1)
    if (answer && !isHonest(answer)) writers.wrong.push(`${email}: ${answer.status} ${answer.text}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    return false
  }
  async function write(writer: number): Promise<void> {
    for (let i = 0; writing; i++) {
      const email = `${prefix}-${writer}-${i}@example.com`
      const again = writer % 2 === 1
      const headers: Record<string, string> = again ? { 'Idempotency-Key': email } : {}
      while (!(await create(email, headers)) && again && writing);
    }
  }
  const work = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)))
  async function stop() {
    writing = false
    await work
  }
  return writers
}

/** 409 is what a repeated create gets while the first, whose connection broke, is still under way. */
function isHonest({ status, headers, json }: ApiAnswer): boolean {
  if (status === 503) return Number(headers.get('retry-after')) >= 1 && json.code === 'unavailable'
  return status === 409 && json.code === 'idempotency_in_progress'
}
