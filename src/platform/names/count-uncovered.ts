/** How many letters of a word are left where as many as possible are of `known` words. */
export function countUncovered(word: string, known: readonly string[]): number {
  const least = [0]
  for (let end = 1; end <= word.length; end++) {
    const ends = known.filter((one) => word.endsWith(one, end)).map((one) => least[end - one.length] ?? 0)
    least.push(Math.min((least[end - 1] ?? 0) + 1, ...ends))
  }
  return least.at(-1) ?? 0
}
