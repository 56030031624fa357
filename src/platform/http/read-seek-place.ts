import type { Context } from 'hono'
import type { SeekPlace } from '../ui/seek-pages.tsx'

/** The place in a list that an address says. What is no id and no number is the start. */
export function readSeekPlace(c: Context, prefix = ''): SeekPlace {
  const id = (name: string) => {
    const text = c.req.query(prefix + name) ?? ''
    return /^[A-Za-z0-9_]{1,64}$/.test(text) ? text : undefined
  }
  const page = c.req.query(`${prefix}page`) ?? ''
  const [after, before] = [id('after'), id('before')]
  const isPlace = after !== undefined || before !== undefined
  return { page: isPlace && /^[1-9][0-9]{0,6}$/.test(page) ? Number(page) : 1, after, before }
}
