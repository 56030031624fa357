/** What a serving process tells of its last interval. */
export interface ProcessLoad {
  /** The processor time of its main thread, as a share of one processor: 1 is all of it. */
  busy: number
  connections: number
  /** Whether it takes new ones. */
  takes: boolean
  /** Not heard of for so long that nothing may be left to it. */
  silent?: boolean
}

/** What a serving process is to do with connections. */
export interface ConnectionOrder {
  /** Whether it takes new ones. */
  takes: boolean
  /** How many of its own it ends, each after its next answer. */
  parts: number
}

/** A process that is busier has no time for more, and one that holds more connections no room. */
const full = { busy: 0.75, connections: 5_000 }
/** What would make others as busy as this leaves them time enough. */
const easilyBusy = 0.5
const calmRounds = 10

/**
 * Leaves connections to as few processes as have time for them, as Erlang's schedulers do with their work (`+scl`): requests
 * that meet in one process share a call to the database, and those that do not cost more each. Another process joins as soon as
 * those at work have none left, and leaves some rounds after they could do without it.
 */
export class LoadCompaction {
  #atWork = 1
  #calm = 0

  /** Of processes in the order of their age, what each is to do now. */
  round(loads: readonly ProcessLoad[]): ConnectionOrder[] {
    this.#count(loads)
    const orders = this.#spread(loads)
    // The port is closed where nobody takes connections: whoever does goes on until another has told that it does.
    const isTaken = loads.some((load, i) => orders[i]?.takes && load.takes && !load.silent)
    return orders.map((order, i) => ({ ...order, takes: order.takes || (!isTaken && loads[i]?.takes === true) }))
  }

  get atWork(): number {
    return this.#atWork
  }

  #spread(loads: readonly ProcessLoad[]): ConnectionOrder[] {
    const awake = loads.slice(0, this.#atWork).filter(({ silent }) => !silent)
    const fair = Math.ceil(sum(awake.map(({ connections }) => connections)) / Math.max(1, awake.length))
    return loads.map((load, i) => {
      if (i >= this.#atWork) return { takes: false, parts: load.connections }
      return {
        takes: load.connections <= fair && !load.silent,
        parts: fullness(load) >= 1 ? Math.max(0, load.connections - fair) : 0,
      }
    })
  }

  #count(loads: readonly ProcessLoad[]): void {
    // What the others do, their start above all, asks for nobody's help.
    const total = sum(loads.slice(0, this.#atWork).map(fullness))
    const others = this.#atWork - 1
    this.#calm = others > 0 && total * full.busy < others * easilyBusy ? this.#calm + 1 : 0
    if (total >= this.#atWork) this.#atWork += 1
    else if (this.#calm >= calmRounds) {
      this.#atWork -= 1
      this.#calm = 0
    }
    this.#atWork = Math.max(1, Math.min(this.#atWork, loads.length))
  }
}

function fullness({ busy, connections, silent }: ProcessLoad): number {
  return silent ? 1 : Math.max(busy / full.busy, connections / full.connections)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
