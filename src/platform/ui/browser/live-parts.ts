const everyMs = 1_000

/** Keeps a part of the page as the server would show it now, as long as the server marks it as live; then the whole page is looked at anew. */
export function liveParts(): void {
  const refresh = async () => {
    const part = document.querySelector('[data-live]')
    if (!part) return
    if (!document.hidden) {
      const fresh = await fetchPart(part.id).catch(() => part)
      if (!fresh?.hasAttribute('data-live')) return location.reload()
      part.replaceWith(fresh)
    }
    setTimeout(refresh, everyMs)
  }
  setTimeout(refresh, everyMs)
}

async function fetchPart(id: string): Promise<Element | null> {
  const response = await fetch(location.href)
  if (response.status >= 500) throw new Error(`answered ${response.status}`)
  return new DOMParser().parseFromString(await response.text(), 'text/html').getElementById(id)
}
