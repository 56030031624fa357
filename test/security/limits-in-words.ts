import { chunkBytes } from '../../src/features/imports/import-file.ts'
import type { PrefixRules } from '../../src/platform/rate-limit/network-prefixes.ts'
import type { BucketRule } from '../../src/platform/rate-limit/token-leases.ts'

const units = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3_600],
  ['day', 86_400],
  ['week', 7 * 86_400],
] as const

const numbers = new Intl.NumberFormat('en')

/** The first unit in which it is a whole number. */
function speedInWords(perSecond: number, say: (n: number) => string): string {
  for (const [unit, seconds] of units) {
    const count = Math.round(perSecond * seconds * 1e6) / 1e6
    if (Number.isInteger(count)) return `${say(count)} ${unit === 'hour' ? 'an' : 'a'} ${unit}`
  }
  throw new Error(`${perSecond} a second is a whole number of nothing`)
}

/** As the guide says it: "60, then 12 a minute". */
export function inWords({ burst, perSecond }: BucketRule): string {
  return `${numbers.format(burst)}, then ${speedInWords(perSecond, numbers.format)}`
}

export function prefixesInWords({ host, network, provider }: PrefixRules): string {
  return [host, network, provider].map(inWords).join('; ')
}

/** Of pieces of a file: "8 GB, then 8 GB a week". */
export function piecesInWords({ burst, perSecond }: BucketRule): string {
  const seconds = perSecond >= 0.1 ? 3_600 : 7 * 86_400
  const back = sizeInWords(Math.round(perSecond * seconds) * chunkBytes)
  return `${sizeInWords(burst * chunkBytes)}, then ${back} ${seconds === 3_600 ? 'an hour' : 'a week'}`
}

export function sizeInWords(bytes: number): string {
  const gb = bytes / 1024 ** 3
  return Number.isInteger(gb) ? `${gb} GB` : `${Math.round(bytes / 1024 ** 2)} MB`
}
