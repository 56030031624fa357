import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'

let product: TestProduct
const paths = ['/', '/sign-in', '/sign-up', '/docs/getting-started', '/docs/api', '/nowhere']
const pages = new Map<string, { html: string; headers: Headers }>()
beforeAll(async () => {
  product = await makeProduct()
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const stranger = await asUser(product, undefined)
  const owner = await asUser(product, organisation.owner)
  for (const path of paths) pages.set(path, await stranger.get(path))
  const own = ['waitlists', `waitlists/${waitlist}`, `waitlists/${waitlist}/setup`, 'api-keys', 'api-keys/new']
  for (const page of [...own, 'activity', 'members', 'plan'])
    pages.set(page, await owner.get(`/o/${organisation.slug}/${page}`))
})
afterAll(() => product?.close())

describe('every page', () => {
  it('comes with a policy under which nothing runs, loads or frames it but what is ours', () => {
    for (const [path, { headers }] of pages) {
      const policy = headers.get('content-security-policy') ?? ''
      expect(`${path}: ${policy}`).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })

  it('keeps to that policy: no script, style or handler of its own, nothing from elsewhere', () => {
    for (const [path, { html }] of pages) {
      expect(`${path}: ${/<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)/.exec(html)?.[0]}`).toBe(
        `${path}: undefined`,
      )
      const loaded = [...html.matchAll(/<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"/g)].map(([, url]) => url)
      expect(loaded.filter((url) => !url?.startsWith('/assets/'))).toEqual([])
    }
  })

  it('is one document with a language, a title, one heading of the first rank, and a way past the nav', () => {
    for (const [path, { html }] of pages) {
      expect(`${path}: ${html.slice(0, 35)}`).toBe(`${path}: <!doctype html><html lang="en"><hea`)
      expect(`${path}: ${html.match(/<h1/g)?.length}`).toBe(`${path}: 1`)
      expect(html).toMatch(/<title>[^<]+ · QueueUp<\/title>/)
      expect(html).toContain('href="#content"')
      expect(html).toContain('<main id="content"')
    }
  })

  it('labels every field, and gives no id twice', () => {
    for (const [path, { html }] of pages) {
      const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
      expect(`${path}: ${ids}`).toBe(`${path}: ${[...new Set(ids)]}`)
      for (const [, id] of html.matchAll(
        /<(?:input(?! type="(?:hidden|checkbox)")|select|textarea)[^>]* id="([^"]*)"/g,
      ))
        expect(`${path}: ${html.includes(`for="${id}"`)}, ${id}`).toBe(`${path}: true, ${id}`)
    }
  })
})
