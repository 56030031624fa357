import { CardTable } from '../../platform/ui/card-table.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { ApiKeyList } from './list-api-keys.ts'
import { OtherKeys } from './other-keys.tsx'

const counts = new Intl.NumberFormat('en')

/** The keys that work no more, and whether somebody still tries them. Folded, unless one leafs through them. */
export function RevokedKeys({ list, base, open, now }: { list: ApiKeyList; base: string; open: boolean; now: Date }) {
  return (
    <details class="disclosure" id="revoked" open={open}>
      <summary>
        Revoked keys ({counts.format(list.total)}){' '}
        {list.stillTried > 0 ? <span class="badge bad">{counts.format(list.stillTried)} still tried</span> : null}
      </summary>
      <CardTable caption="Revoked keys" columns={['Name', 'Key', 'Revoked', 'Tried since']} dimmed>
        {list.keys.map((key) => (
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
      <OtherKeys
        list={list}
        noun="revoked keys"
        newest={`${base}?show=revoked#revoked`}
        older={`${base}?revoked_after=${list.next}#revoked`}
      />
    </details>
  )
}
