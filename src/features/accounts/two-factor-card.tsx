import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { TwoFactor } from './two-factor.ts'

const fewCodes = 3

/** Whether signing in asks for a code, and the ways to change that. */
export function TwoFactorCard({ twoFactor, now }: { twoFactor: TwoFactor | undefined; now: Date }) {
  return (
    <section class="card stack" id="two-factor">
      <h2>Two-factor sign-in</h2>
      {twoFactor ? <IsOn twoFactor={twoFactor} now={now} /> : <IsOff />}
    </section>
  )
}

function IsOff() {
  return (
    <>
      <p>
        <span class="badge">Off</span> With a code from an app on your phone, whoever learns your password still cannot
        sign in.
      </p>
      <div>
        <a class="button" href="/account/two-factor/new">
          Turn on
        </a>
      </div>
    </>
  )
}

function IsOn({ twoFactor: { since, codesLeft }, now }: { twoFactor: TwoFactor; now: Date }) {
  return (
    <>
      <p>
        <span class="badge good">On</span> Turned on <RelativeTime at={since} now={now} />.{' '}
        <span class={codesLeft < fewCodes ? 'badge warn' : undefined}>
          {codesLeft === 1 ? '1 recovery code is left.' : `${codesLeft} recovery codes are left.`}
        </span>
      </p>
      <div class="row">
        <form method="post" action="/account/two-factor/recovery-codes">
          <button type="submit" class="button plain">
            Make new recovery codes
          </button>
        </form>
        <a class="button danger-quiet" href="/account/two-factor/off">
          Turn off
        </a>
      </div>
    </>
  )
}
