const minDistinct = 8

/**
 * Whether a secret of 32 bytes or more was plainly not made at random: few different characters, one piece again and again,
 * or characters in their order. One of 32 random bytes, in hexadecimal or base 64, is never taken for one (chance: 10^-18).
 */
export function isWeakSecret(secret: string): boolean {
  const characters = [...secret.trim()]
  return new Set(characters).size < minDistinct || isRepeated(characters) || isInOrder(characters)
}

/** Its second half, or more of it, says again what stands before. */
function isRepeated(characters: string[]): boolean {
  for (let length = 1; length <= characters.length / 2; length++)
    if (characters.every((character, i) => character === characters[i % length])) return true
  return false
}

/** Most characters are the next or the previous one of that before them. */
function isInOrder(characters: string[]): boolean {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0)
  const steps = codes.slice(1).map((code, i) => code - (codes[i] ?? 0))
  return [1, -1].some((step) => steps.filter((one) => one === step).length > steps.length * 0.6)
}
