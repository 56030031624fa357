import fc from 'fast-check'
import type { DeclaredParameter } from './declared-api.ts'
import { type Part, part, type Refusal } from './request-part.ts'

const invalid: Refusal = [422, 'validation_failed']
const textOf = (name: string, value: string) => `${name}=${encodeURIComponent(value)}`

/** A parameter that is left out, good, wrong or given twice. */
export function fuzzedParameter({ name, schema }: DeclaredParameter): fc.Arbitrary<Part<string>> {
  const { minimum = 0, maxLength = 100 } = schema
  const maximum = Math.min(schema.maximum ?? 0, 1e15 - 1)
  const [good, bad] =
    schema.type === 'integer'
      ? [
          fc.integer({ min: minimum, max: maximum }).map(String),
          fc.oneof(
            fc.constantFrom(
              '',
              ' ',
              '-1',
              '1.0',
              '1e2',
              '0x1',
              '+1',
              '１',
              '1 ',
              'NaN',
              '9'.repeat(16),
              String(minimum - 1),
            ),
            maximum < 1e15 - 1 ? fc.integer({ min: maximum + 1, max: 1e15 - 1 }).map(String) : fc.constant('x'),
          ),
        ]
      : [
          fc
            .string({ unit: 'binary', maxLength })
            .filter((text) => text.length <= maxLength && text.isWellFormed() && !text.includes('\0')),
          fc.oneof(fc.constantFrom('\0', 'a\0b'), fc.constant('x'.repeat(maxLength + 1))),
        ]
  return fc.oneof(
    { weight: 6, arbitrary: part(fc.constant('')) },
    { weight: 6, arbitrary: part(good.map((value) => textOf(name, value))) },
    ...(schema.type === 'integer'
      ? []
      : [
          {
            weight: 2,
            arbitrary: part(
              fc.constantFrom(...['%ED%A0%80', '%', '%zz', '+', '%25_'].map((value) => `${name}=${value}`)),
            ),
          },
        ]),
    {
      weight: 1,
      arbitrary: part(
        bad.map((value) => textOf(name, value)),
        invalid,
      ),
    },
    {
      weight: 1,
      arbitrary: part(
        good.map((value) => `${textOf(name, value)}&${textOf(name, value)}`),
        invalid,
      ),
    },
  )
}

/** A parameter that no operation knows is let be, unless it is a key. */
export const extraParameter: fc.Arbitrary<Part<string>> = fc.oneof(
  { weight: 20, arbitrary: part(fc.constant('')) },
  {
    weight: 4,
    arbitrary: part(fc.constantFrom('__proto__=1', 'page[]=2', 'a&a&a', '=', '&&', 'constructor=%00', 'Limit=0')),
  },
  {
    weight: 1,
    arbitrary: part(fc.constantFrom('api_key=', 'access_token=x', `x=qu_live_${'a'.repeat(38)}`), [
      400,
      'invalid_request',
    ]),
  },
)
