import { readFileSync } from 'node:fs'
import type { Hono } from 'hono'
import { packageRoot } from '../files/package-root.ts'
import type { AppEnv } from './app-env.ts'

const folder = new URL('dist/assets/', packageRoot)
const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
}

let manifest: Record<string, string> | undefined

const names = ['app.css', 'app.js', 'favicon.svg', 'product.png', 'product-dark.png'] as const

/** The address of a built file: it tells the content, so that it may be kept for good. */
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
  for (const name of names) {
    const url = assetUrl(name)
    const isPacked = name.endsWith('.png')
    app.get(url, (c) => {
      const accepted = c.req.header('accept-encoding') ?? ''
      const encoding = isPacked ? '' : /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gz' : ''
      const headers: Record<string, string> = {
        'Content-Type': types[name.split('.')[1] ?? ''] ?? 'application/octet-stream',
        'Cache-Control': 'public, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
        ...(isPacked ? {} : { Vary: 'Accept-Encoding' }),
        ...(encoding ? { 'Content-Encoding': encoding === 'gz' ? 'gzip' : 'br' } : {}),
      }
      return c.body(load(url.slice('/assets/'.length) + (encoding ? `.${encoding}` : '')), 200, headers)
    })
  }
}
