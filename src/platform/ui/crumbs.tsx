/** Where a page lies: the pages above it, the nearest last, each by its name and address. */
export function Crumbs({ above }: { above: readonly (readonly [name: string, href: string])[] }) {
  return (
    <nav class="crumbs" aria-label="Breadcrumb">
      <ol>
        {above.map(([name, href]) => (
          <li>
            <a href={href}>
              <bdi>{name}</bdi>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  )
}
