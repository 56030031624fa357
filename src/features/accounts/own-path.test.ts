import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reportFigure } from '../../../test/figures.ts'
import { ownPath } from './own-path.ts'

const here = 'https://queueup.example'
const runs = 20_000

/** What ways to another site are made of, and what gets lost of an address on its way to where it leads. */
const pieces = [
  ...['/', '//', '\\', '.', '..', '/.', '/..', '/./', '%2e', '%2E%2e', '%2f', '%5c', ':', '@', '?', '#', ';', '&'],
  ...['\t', '\n', '\r', '\0', ' ', '\u3000', '\u2028', '／', '。', '%00', '%09', '%0d%0a'],
  ...['evil.example', 'https:', 'javascript:', 'data:', 'user:pass', 'o', 'acme', 'x'],
]

test('wherever somebody goes on to, it is here', () => {
  let led = 0
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (chosen) => {
      for (const start of ['', '/']) {
        const path = ownPath(start + chosen.join(''))
        if (path === undefined) continue
        led += 1
        expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
        expect(new URL(path, here).origin).toBe(here)
        // A second look changes nothing: it may be carried from page to page.
        expect(ownPath(path)).toBe(path)
      }
    }),
    { numRuns: runs },
  )
  expect(led).toBeGreaterThan(runs / 20)
  reportFigure('ways to go on tried, none to another site', runs * 2)
})

test.each(['/./', '/../', '/.//', '/%2e//', '/%2E%2e//', '/x/..//', '/o/../..//', '/./\t/', '/.\\/'])(
  '%s does not lead to another site',
  (start) => {
    const path = ownPath(`${start}evil.example/`)
    expect(new URL(path ?? '/', here).origin).toBe(here)
  },
)

test('a page of ours is where it is, with what it was asked', () => {
  for (const path of ['/', '/o/acme/waitlists', '/o/acme/activity?actor=api_key&from=2020-01-01', '/x?next=//y'])
    expect(ownPath(path)).toBe(path)
  expect(ownPath('/o/acme#top')).toBe('/o/acme')
  expect(ownPath(undefined)).toBeUndefined()
})
