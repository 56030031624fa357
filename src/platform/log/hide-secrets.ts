const censor = '[redacted]'
/** Shorter ones would cut words out of sentences. */
const leastLength = 6

/** What this process works with and must never show: the values of its settings, as they are and as they may be written. */
const known = new Set<string>()

/** From now on no log line holds this value. */
export function neverShow(secret: string | undefined): void {
  if (!secret || secret.length < leastLength) return
  for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) known.add(form)
}

/** Nor the password in this address. */
export function neverShowPasswordOf(url: string | undefined): void {
  const password = url && URL.canParse(url) ? new URL(url).password : ''
  neverShow(password)
  try {
    neverShow(decodeURIComponent(password))
  } catch {
    // It is no more than it says.
  }
}

/** What is a secret by its form, wherever it stands. What is kept in front of it may be shown. */
const forms: [form: RegExp, kept: string][] = [
  // The first characters of a key are on its page too.
  [/(qu_live_[0-9A-Za-z]{4})[0-9A-Za-z]+/g, '$1'],
  [/((?:sk|rk)_(?:live|test)_|whsec_)[0-9A-Za-z+/=]+/g, '$1'],
  [/\b(bearer|basic)(?: |%20|\+)[^\s"'\\,;]+/gi, '$1 '],
  [/(queueup\.[a-z]+_[a-z]+=)[^\s"'\\,;]+/g, '$1'],
  [/:\/\/[^\s"'\\/?#@]*@/g, '://'],
  [/(\/(?:invitations|reset-password|confirm-email|confirm-sign-up|s)\/)[^\s"'\\/?#&<>)]+/g, '$1'],
  [/((?:password|secret|token|api_key|signature)\\?["']?[=:] ?\\?["']?)[^\s"'\\,;&}\])]+/gi, '$1'],
  [/\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b/g, ''],
]

/** A text without the secrets in it. */
export function hideSecrets(text: string): string {
  let shown = text
  for (const secret of known) shown = shown.replaceAll(secret, censor)
  for (const [form, kept] of forms) shown = shown.replace(form, kept + censor)
  return shown
}
