import type fc from 'fast-check'

export type Refusal = [status: number, code: string]

/** One part of a request, and the refusal that it earns by itself. */
export interface Part<T> {
  value: T
  refusal?: Refusal
}

/** A part of which everything is refused, or nothing. */
export const part = <T>(arbitrary: fc.Arbitrary<T>, refusal?: Refusal): fc.Arbitrary<Part<T>> =>
  arbitrary.map((value) => (refusal ? { value, refusal } : { value }))
