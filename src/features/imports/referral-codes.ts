const maxCharacters = 64
/** Parameters of links in which products put a referral code. */
const parameters = ['ref_id', 'ref', 'refid', 'referral', 'referral_code', 'referralcode', 'ref_code', 'code', 'r']

/** A code as rows of a file name each other by it: the same in capitals and small letters, alone or in a link; '' for none. */
export function toFileCode(text: string): string {
  const code = /^https?:\/\//i.test(text) ? codeOfLink(text) : text
  return code.length > maxCharacters || code.includes('\0') ? '' : code.toUpperCase()
}

function codeOfLink(link: string): string {
  const url = URL.parse(link)
  if (!url) return ''
  const found = parameters.map((name) => url.searchParams.get(name)).find(Boolean)
  return found ?? url.pathname.split('/').filter(Boolean).at(-1) ?? ''
}
