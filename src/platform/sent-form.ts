/** A form as it was sent. A name that comes several times, but for ticked boxes, is no form of ours. */
export interface SentForm {
  text(name: string): string
  /** The values of the boxes that were ticked. */
  list(name: string): string[]
  /** Every name with its value, as they came. */
  entries: [string, string][]
}
