/** Marks in a page's rail the section that is being read. */
export function followingRail(): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.rail a[href^="#"]')]
  const sections = links.map((link) => document.getElementById(link.hash.slice(1)))
  if (links.length === 0) return
  const mark = () => {
    const { scrollHeight } = document.documentElement
    const atEnd = scrollY > 0 && innerHeight + scrollY >= scrollHeight - 2
    const readingLine = innerHeight / 3
    const passed = sections.filter((section) => section && section.getBoundingClientRect().top <= readingLine).length
    const current = atEnd ? links.length - 1 : Math.max(0, passed - 1)
    for (const [i, link] of links.entries()) {
      if (i === current) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
  }
  addEventListener('scroll', () => requestAnimationFrame(mark), { passive: true })
  addEventListener('resize', mark)
  mark()
}
