import { readFileSync } from 'node:fs'
import type { Hono } from 'hono'
import type { AppEnv } from './app-env.ts'

const folder = new URL('../../../dist/assets/', import.meta.url)
const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

let manifest: Record<string, string> | undefined

/** The address of a built file, `app.css`, `app.js` or `favicon.svg`: it tells the content, so that it may be kept for good. */
export function assetUrl(name: string): string {
  manifest ??= JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as Record<string, string>
  const hashed = manifest[name]
  if (!hashed) throw new Error(`there is no asset ${name}`)
  return `/assets/${hashed}`
}

/** Serves what the build made, compressed beforehand. */
export function assetRoutes(app: Hono<AppEnv>): void {
  const loaded = new Map<string, Buffer<ArrayBuffer>>()
  const load = (file: string) => {
    const bytes = loaded.get(file) ?? readFileSync(new URL(file, folder))
    loaded.set(file, bytes)
    return bytes
  }
  for (const name of ['app.css', 'app.js', 'favicon.svg']) {
    const url = assetUrl(name)
    app.get(url, (c) => {
      const accepted = c.req.header('accept-encoding') ?? ''
      const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gz' : ''
      const headers: Record<string, string> = {
        'Content-Type': types[name.split('.')[1] ?? ''] ?? 'application/octet-stream',
        'Cache-Control': 'public, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
        Vary: 'Accept-Encoding',
        ...(encoding ? { 'Content-Encoding': encoding === 'gz' ? 'gzip' : 'br' } : {}),
      }
      return c.body(load(url.slice('/assets/'.length) + (encoding ? `.${encoding}` : '')), 200, headers)
    })
  }
}
