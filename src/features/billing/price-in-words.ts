import type { Stripe } from 'stripe'

/** The currencies whose amounts Stripe counts otherwise than in hundredths: https://docs.stripe.com/currencies */
const whole = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const thousandths = 'bhd jod kwd omr tnd'.split(' ')

type Priced = Pick<Stripe.Price, 'unit_amount' | 'currency'> & {
  recurring: Pick<Stripe.Price.Recurring, 'interval' | 'interval_count'> | null
}

/** Such as "€29 a month"; undefined for a price that depends on something, or is not paid again and again. */
export function priceInWords({ unit_amount, currency, recurring }: Priced): string | undefined {
  if (unit_amount === null || !recurring) return undefined
  const digits = whole.includes(currency) ? 0 : thousandths.includes(currency) ? 3 : 2
  const amount = unit_amount / 10 ** digits
  const shown = Number.isInteger(amount) ? 0 : digits
  const format = new Intl.NumberFormat('en-GB', {
    style: 'currency',
    currency,
    minimumFractionDigits: shown,
    maximumFractionDigits: shown,
  })
  const { interval, interval_count: count } = recurring
  return `${format.format(amount)} ${count === 1 ? `a ${interval}` : `every ${count} ${interval}s`}`
}
