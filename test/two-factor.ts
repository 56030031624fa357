import { totpCode, totpStep } from '../src/features/accounts/totp.ts'
import type { asUser } from './as.ts'
import type { TestProduct } from './make.ts'
import { textOf } from './people.ts'

type User = Awaited<ReturnType<typeof asUser>>

/** A product's clock that moves when it is told to, so that every code is a new one. */
export function stopClock(product: TestProduct) {
  let atMs = Date.now()
  product.services.now = () => new Date(atMs)
  return {
    wait: (seconds: number) => {
      atMs += seconds * 1000
    },
    /** The code that the app shows at this moment, or so many steps of thirty seconds from it. */
    code: (secret: string, steps = 0) => totpCode(secret, totpStep(new Date(atMs)) + steps),
    /** The code that the app shows next, once it does. */
    nextCode(secret: string) {
      atMs += 30_000
      return this.code(secret)
    },
  }
}

/** Turns two-factor sign-in on through the forms; answers the app's secret and the recovery codes. */
export async function turnOn(user: User, clock: ReturnType<typeof stopClock>) {
  const secret = secretIn((await user.post('/account/two-factor/new')).html)
  const page = await user.post('/account/two-factor', { code: clock.nextCode(secret) })
  if (page.status !== 201) throw new Error(`turning on answered ${page.status}: ${textOf(page.html)}`)
  return { secret, codes: recoveryCodesIn(page.html), page }
}

export function secretIn(html: string): string {
  return /id="totp-secret" value="([A-Z2-7]+)"/.exec(html)?.[1] ?? ''
}

export function recoveryCodesIn(html: string): string[] {
  return html.match(/\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b/g) ?? []
}
