import { type CommandList, printList } from '../src/platform/cli/command-list.ts'

/** What a command that lists prints. */
export async function wordsOf(list: CommandList, asJson = false): Promise<string> {
  let words = ''
  for await (const piece of printList(list, asJson)) words += piece
  return words
}
