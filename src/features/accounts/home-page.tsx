import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

interface HomePageProps {
  frame: Frame
  signUpOpen: boolean
  /** The addresses of the product's picture, for either colour scheme. */
  picture: { light: string; dark: string }
}

/** What a stranger sees at the front door. */
export function HomePage({ frame, signUpOpen, picture }: HomePageProps) {
  return (
    <PageLayout title="Waitlists for organisations" frame={frame}>
      <div class="hero">
        <h1>Waitlists your backend can talk to</h1>
        <p>
          Collect signups, see who stands where in line, and connect your own systems with scoped keys that you can
          revoke at once.
        </p>
        <div class="row">
          {signUpOpen ? (
            <a class="button" href="/sign-up">
              Create an account
            </a>
          ) : null}
          <a class="button plain" href="/sign-in">
            Sign in
          </a>
          <a href="/docs">Read the guide</a>
        </div>
      </div>
      <picture>
        <source srcset={picture.dark} media="(prefers-color-scheme: dark)" width={1280} height={420} />
        <img
          class="shot"
          src={picture.light}
          width={1280}
          height={420}
          alt="The waitlists page: how many people joined in total, in the last 7 days and on each of the last 30, and how many are active or removed."
        />
      </picture>
      <div class="tiles">
        <section class="card">
          <h2>A line, not a list</h2>
          <p class="quiet">Everybody has a place, live and exact. Who brings others moves ahead.</p>
        </section>
        <section class="card">
          <h2>Keys that do one thing</h2>
          <p class="quiet">Read, create, or both. Shown once, revoked at once, in every log by name.</p>
        </section>
        <section class="card">
          <h2>A log you can trust</h2>
          <p class="quiet">Every change, by whom or by which key, in the order it happened. No row ever changes.</p>
        </section>
      </div>
    </PageLayout>
  )
}
