import { CardTable } from '../../platform/ui/card-table.tsx'
import { countInWords } from '../../platform/ui/count-in-words.ts'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { SeekPlace } from '../../platform/ui/seek-pages.tsx'
import type { ApiKeyList } from './list-api-keys.ts'
import { OtherKeys } from './other-keys.tsx'

/** The keys that work no more, and whether somebody still tries them. Folded, unless one leafs through them. */
export function RevokedKeys(props: { list: ApiKeyList; base: string; place: SeekPlace; open: boolean; now: Date }) {
  const { list, base, place, open, now } = props
  return (
    <details class="disclosure" id="revoked" open={open}>
      <summary>
        Revoked keys ({countInWords(list.total)}){' '}
        {list.stillTried > 0 ? <span class="badge bad">{countInWords(list.stillTried)} still tried</span> : null}
      </summary>
      <CardTable caption="Revoked keys" columns={['Name', 'Key', 'Revoked', 'Tried since']} dimmed>
        {list.items.map((key) => (
          <tr>
            <td class="name" data-label="Name">
              <bdi>{key.name}</bdi>
            </td>
            <td data-label="Key">
              <code>{key.prefix}</code>
            </td>
            <td data-label="Revoked">
              <span>
                {key.revoked_at ? <RelativeTime at={key.revoked_at} now={now} /> : null} by{' '}
                <bdi>{key.revoked_by_name}</bdi>
              </span>
            </td>
            <td data-label="Tried since">
              {key.reuse_count > 0 && key.reuse_last_at ? (
                <span>
                  <span class="badge bad">{key.reuse_count === 1 ? 'Once' : `${key.reuse_count} times`}</span> last{' '}
                  <RelativeTime at={key.reuse_last_at} now={now} />
                  {key.reuse_last_ip ? ` from ${key.reuse_last_ip}` : ''}
                </span>
              ) : (
                'Never'
              )}
            </td>
          </tr>
        ))}
      </CardTable>
      <OtherKeys list={list} noun="revoked keys" base={base} place={place} prefix="revoked_" />
    </details>
  )
}
