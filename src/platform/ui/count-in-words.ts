import { mostCounted } from '../db/count-up-to.ts'

const numbers = new Intl.NumberFormat('en')

/** A count that went up to the most that is counted, as a person reads it. */
export function countInWords(count: number): string {
  return count > mostCounted ? `more than ${numbers.format(mostCounted)}` : numbers.format(count)
}
