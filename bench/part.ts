import type { ChildProcess } from 'node:child_process'
import type { Client } from 'pg'
import type { Measured, Sample } from './measure.ts'
import type { Ratio } from './ratio.ts'
import type { BenchOptions } from './read-options.ts'
import type { Scratch } from './scratch.ts'
import type { RunningProduct } from './start-product.ts'

/** What every part of the benchmark works with: the product, running and filled, and the process that makes load. */
export interface Bench {
  scratch: Scratch
  options: BenchOptions
  product: RunningProduct
  client: Client
  postmasterPid: number
  load: ChildProcess
}

export interface Findings {
  measured: Measured[]
  samples: Map<string, Sample[]>
  ratios: Ratio[]
  /** What was skipped and why, and figures that are no requests a second. */
  notes: string[]
}

export type Part = (bench: Bench) => Promise<Findings>

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
