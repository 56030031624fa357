import { toAddress } from '../../platform/ui/address.ts'
import { countInWords } from '../../platform/ui/count-in-words.ts'
import { placeQuery, SeekPages, type SeekPlace } from '../../platform/ui/seek-pages.tsx'
import type { ApiKeyList } from './list-api-keys.ts'

export const keysOnPage = 100

interface OtherKeysProps {
  list: ApiKeyList
  /** What is counted, in the plural. */
  noun: string
  base: string
  place: SeekPlace
  /** Of the revoked keys, which the same page has under the others. */
  prefix?: 'revoked_'
}

/** Which of many keys one sees, and the ways to the others. Nothing where all are there. */
export function OtherKeys({ list, noun, base, place, prefix }: OtherKeysProps) {
  const { items, total, before, after } = list
  if (before === undefined && after === undefined) return null
  const own = prefix ? { show: 'revoked' } : {}
  return (
    <SeekPages
      href={(to) => toAddress(base, { ...own, ...placeQuery(to, prefix) }) + (prefix ? '#revoked' : '')}
      {...{ page: place.page, limit: keysOnPage, shown: items.length, before, after, noun }}
      total={countInWords(total)}
      label={`Pages of ${noun}`}
    />
  )
}
