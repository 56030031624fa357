import { MessagePage } from '../../platform/ui/message-page.tsx'
import type { Frame } from '../../platform/ui/page-layout.tsx'

export const carriedField = 'carried'

/** A form's fields on their way through the sign-in, encrypted. */
export function CarriedField({ carried }: { carried: string | undefined }) {
  return carried ? <input type="hidden" name={carriedField} value={carried} /> : null
}

/** After the sign-in: the way back to the form, which scripts take at once. */
export function BackToFormPage({ frame, action, carried }: { frame: Frame; action: string; carried: string }) {
  return (
    <MessagePage title="You are signed in" frame={frame}>
      <p>What you typed has not been saved yet. Go back to the form, check it and send it again.</p>
      <form method="post" action={action} data-goes-on>
        <CarriedField carried={carried} />
        <button type="submit" class="button" autofocus>
          Back to the form
        </button>
      </form>
    </MessagePage>
  )
}
