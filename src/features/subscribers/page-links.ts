/** The `Link` header of a page (RFC 8288): first, prev, next and last, each only where there is such a page. */
export function pageLinks(url: string, at: { page: number; limit: number; q: string; total: number }): string {
  const lastPage = Math.ceil(at.total / at.limit)
  if (lastPage === 0) return ''
  const pages: [string, number][] = [['first', 1]]
  if (at.page > 1 && at.page - 1 <= lastPage) pages.push(['prev', at.page - 1])
  if (at.page < lastPage) pages.push(['next', at.page + 1])
  pages.push(['last', lastPage])
  return pages
    .map(([relation, page]) => {
      const query = new URLSearchParams({ page: String(page), limit: String(at.limit), ...(at.q ? { q: at.q } : {}) })
      return `<${url}?${query}>; rel="${relation}"`
    })
    .join(', ')
}
