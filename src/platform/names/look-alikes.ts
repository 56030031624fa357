import unhomoglyph from 'unhomoglyph'
import { countUncovered } from './count-uncovered.ts'

/** Small capitals, and what Unicode says Cyrillic letters look like: its table takes neither for the plain letter. */
const smallCapitals = new Map(
  [...'aᴀbʙcᴄdᴅeᴇfꜰgɢhʜlɪjᴊkᴋkĸlʟmᴍmʍnɴoᴏpᴘrʀsꜱtᴛuᴜvᴠwᴡyʏzᴢ'].flatMap((letter, i, all) =>
    i % 2 === 1 ? [[letter, all[i - 1] ?? '']] : [],
  ),
)
/** One spelling for what is taken for the same letter in names such as "Str1pe" and "Sy5tem". */
const digits: Record<string, string> = { i: 'l', 1: 'l', 0: 'o', 3: 'e', 4: 'a', 5: 's', 7: 't', 8: 'b' }
const signs: Record<string, string> = { $: 's', '@': 'a', '!': 'l', '|': 'l', '€': 'e', '+': 't' }

/** What a name looks like: two names with the same skeleton can be taken for one another (after UTS #39, section 4). */
function skeletonOf(name: string): string {
  const visible = name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '')
  const lower = unhomoglyph(visible.normalize('NFD')).toLowerCase().normalize('NFD').replace(/\p{M}/gu, '')
  const plain = [...unhomoglyph(lower)].map((letter) => smallCapitals.get(letter) ?? letter).join('')
  return unhomoglyph(plain)
    .toLowerCase()
    .replace(/[i0-9]/g, (letter) => digits[letter] ?? letter)
}

/** With signs left out, and with signs that look like letters read as those. */
function readings(name: string): string[] {
  return [name, name.replace(/[$@!|€+]/g, (sign) => signs[sign] ?? sign)].map((text) =>
    skeletonOf(text).replace(/[^\p{L}\p{N}]/gu, ''),
  )
}

const addition =
  /^(?:the|a|an|official|admin|administrator|automated|billing|bot|log|message|notice|payments?|security|service|support|team)$/i

/** Whether a name can be taken for one of `known`, whatever letters, signs and spaces it is written with. */
export function looksLike(name: string, known: readonly string[]): boolean {
  const taken = new Set(known.flatMap(readings))
  return readings(name).some((reading) => taken.has(reading))
}

/** The same with words added that say nothing of a person: "Stripe Billing", "The System". */
export function looksLikeOffice(name: string, known: readonly string[]): boolean {
  const telling = name.split(/[^\p{L}\p{N}\p{M}]+/u).filter((word) => !addition.test(word))
  return looksLike(name, known) || looksLike(telling.join(' '), known)
}

/** What a known name is glued to: "queueupsupport", "getqueueup", "QueueUps". */
const additions = [
  ...['the', 'my', 'get', 'try', 'go', 'app', 'hq', 'inc', 'ltd', 'llc', 'gmbh', 'io', 'com', 'tm', 's', 'official'],
  ...['admin', 'administrator', 'automated', 'account', 'billing', 'bot', 'care', 'help', 'helpdesk', 'info', 'log'],
  ...['login', 'mail', 'message', 'notice', 'notification', 'payment', 'secure', 'security', 'service', 'staff'],
  ...['support', 'system', 'team', 'verify'],
]
const gluedAdditions = additions.map(skeletonOf)

/**
 * Whether `known` stands in a name as a word of its own, in one piece or in several: "Queue-Up Team", "QueueUpTeam",
 * "q u e u e u p". In "Queue Uprising" it does not.
 */
export function looksAsIfNaming(name: string, known: string): boolean {
  const [target = ''] = readings(known)
  const asLetters = name.replace(/[$@!|€+]/g, (sign) => signs[sign] ?? sign)
  const withoutNumbers = name.replace(/\p{N}(?!\p{L})|(?<!\p{L})\p{N}/gu, ' ')
  return [name, asLetters, withoutNumbers].some((reading) => {
    const [words, parts] = [wordsOf(reading), wordsOf(partCamelCase(reading))]
    return (
      [words, parts].some((all) => all.some((_, i) => beginsWith(all.slice(i), target))) ||
      words.some((word) => word.includes(target) && countUncovered(word, [target, ...gluedAdditions]) === 0)
    )
  })
}

/** The skeletons of what signs and spaces part. */
function wordsOf(name: string): string[] {
  return name
    .replace(/[™℠®©]/gu, ' ')
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .map((word) => skeletonOf(word).replace(/[^\p{L}\p{N}]/gu, ''))
    .filter(Boolean)
}

/** "QueueUpHQLog" is written as four words. */
function partCamelCase(name: string): string {
  return name.normalize('NFKC').replace(/(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, ' ')
}

/** Whether the first words together are `target`. */
function beginsWith(words: string[], target: string): boolean {
  let read = ''
  for (const word of words) {
    read += word
    if (read === target) return true
    if (!target.startsWith(read)) return false
  }
  return false
}

/** Scripts whose letters pass for Latin ones. */
const foreign = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Coptic}\p{Script=Cherokee}\p{Script=Lisu}]/u

/**
 * Whether one word has both Latin letters and such of a script that looks like Latin, as no language writes (UTS #39,
 * section 5.2). A name of several words may have each in a script of its own.
 */
export function mixesScripts(name: string): boolean {
  const words = name.normalize('NFC').match(/[\p{L}\p{M}]+/gu) ?? []
  return words.some((word) => /\p{Script=Latin}/u.test(word) && foreign.test(word))
}
