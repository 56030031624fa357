import { type Actor, inTransaction } from '../../platform/context.ts'
import { joinOpenWaitlist } from '../subscribers/add-subscriber.ts'
import type { SubscriberJson } from '../subscribers/subscriber.ts'
import type { DemoPeople } from './demo-people.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Timeline } from './timeline.ts'

interface Crowd {
  timeline: Timeline
  random: SeededRandom
  people: DemoPeople
  waitlistId: string
}

/** How many of those who join were sent by somebody on the list. */
const referredShare = 0.38

/** People who join one waitlist, and bring others: who has brought many brings more, so that few bring most of them. */
export class DemoCrowd {
  readonly #crowd: Crowd
  /** A referral code for everybody who joined, and another for each whom they brought. */
  readonly #tickets: string[] = []
  readonly #joinedAt: Date[] = []
  readonly #ids: string[] = []

  constructor(crowd: Crowd) {
    this.#crowd = crowd
  }

  get joinedAt(): readonly Date[] {
    return this.#joinedAt
  }

  /** The id of somebody who joined, each once. */
  takeOne(random: SeededRandom): string | undefined {
    return this.#ids.splice(random.below(this.#ids.length), 1)[0]
  }

  /** At these times, the earliest first, through this user or key. */
  async join(times: readonly Date[], actor: Actor): Promise<void> {
    const [first] = times
    if (!first) return
    const { timeline, random, people, waitlistId } = this.#crowd
    const rows = times.map((joinedAt) => {
      const referralCode = random.next() < referredShare ? this.#tickets[random.below(this.#tickets.length)] : undefined
      return { email: people.next(), joinedAt, ...(referralCode ? { referralCode } : {}) }
    })
    const joined = await timeline.at(
      first,
      (ctx) => inTransaction({ ...ctx, actor }, (ctx) => joinOpenWaitlist(ctx, waitlistId, rows, { logged: true })),
      times,
    )
    for (const { item } of joined) {
      const { id, referral_code } = JSON.parse(item) as SubscriberJson
      this.#ids.push(id)
      this.#tickets.push(referral_code)
    }
    for (const { referralCode } of rows) if (referralCode) this.#tickets.push(referralCode, referralCode)
    this.#joinedAt.push(...times)
  }

  /** Others who are on the list by now came this way. */
  note(times: readonly Date[]): void {
    this.#joinedAt.push(...times)
  }
}
