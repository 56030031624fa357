import type { Context } from './context.ts'
import { SessionLocks } from './db/session-locks.ts'
import { allTaken, DownloadPlaces, paceWhileFull } from './download-places.ts'
import { AppError } from './errors.ts'
import { FairQueue } from './process/fair-queue.ts'
import type { Services } from './services.ts'

/**
 * Downloads at once. An archive keeps one of the ten connections of its process for as long as its reader takes, so that two
 * leave eight to everybody else. A file uses one for each piece only, but its piece, some megabytes at worst, stays in memory.
 */
export const downloadBounds = {
  archive: { perProcess: 2, perUser: 1, yours: 'Another archive of yours is under way.' },
  file: { perProcess: 20, perUser: 2, yours: 'Two other downloads of yours are under way.' },
} as const

export type DownloadKind = keyof typeof downloadBounds

/** Pieces of files that are read from the database at once, however fast their readers are. */
const piecesAtOnce = 3

/** How slow a reader may be, over how long, and how long a download may take in all. */
export interface Pace {
  bytesPerSecond: number
  patienceMs: number
  maxMs: number
}

const usual: Pace = { bytesPerSecond: 16 * 1024, patienceMs: 60_000, maxMs: 3_600_000 }

/** A place among the downloads of a file. */
export interface DownloadPlace {
  end(): Promise<void>
}

export type PaceWhileFull = Pick<Pace, 'bytesPerSecond' | 'patienceMs'>

/** Limits how many downloads are under way: of each user over all processes, and in this process. */
export class Downloads {
  readonly pace: Pace
  readonly paceWhileFull: PaceWhileFull
  readonly locks: SessionLocks
  readonly places: Record<DownloadKind, DownloadPlaces> = {
    archive: new DownloadPlaces(downloadBounds.archive.perProcess),
    file: new DownloadPlaces(downloadBounds.file.perProcess),
  }
  readonly #pieces = new FairQueue({ concurrency: piecesAtOnce, refuse: allTaken })

  constructor(
    services: Pick<Services, 'db' | 'onClose'>,
    paces: { pace?: Partial<Pace> | undefined; paceWhileFull?: PaceWhileFull | undefined } = {},
  ) {
    this.pace = { ...usual, ...paces.pace }
    this.paceWhileFull = paces.paceWhileFull ?? paceWhileFull
    this.locks = new SessionLocks(services.db)
    services.onClose(() => this.locks.close())
  }

  /**
   * Runs `work` in one of the places for downloads of a kind. `beforeCuttingOff` may refuse, before a slow reader is cut off
   * to make room.
   * @throws AppError `rate_limited` while this process has no place left, `conflict` while the user has none.
   */
  async run<T>(
    ctx: Pick<Context, 'actor'>,
    kind: DownloadKind,
    work: () => Promise<T>,
    beforeCuttingOff?: () => Promise<void>,
  ): Promise<T> {
    const { perUser, yours } = downloadBounds[kind]
    const places = this.places[kind]
    if (!places.mayHaveRoom) throw allTaken()
    // A user who has their own places already takes none of the process's, not even while they are told.
    const inPlace = async () => ({ result: await places.run(work, beforeCuttingOff) })
    for (let place = 1; place <= perUser; place++) {
      const done = await this.locks.tryWith(`download ${kind} ${place} of ${ctx.actor.id}`, inPlace)
      if (done) return done.result
    }
    throw new AppError('conflict', `${yours} Wait until it is complete, or cancel it, then try again.`)
  }

  /** Reads a piece when it is the user's turn. */
  readPiece<T>({ actor }: Pick<Context, 'actor'>, read: () => Promise<T>): Promise<T> {
    return this.#pieces.run({ key: actor.id ?? actor.name, isPreferred: false }, read)
  }

  /**
   * Takes a place for a file, until `end` is called.
   * @throws AppError as `run` does.
   */
  take(ctx: Pick<Context, 'actor'>): Promise<DownloadPlace> {
    const released = Promise.withResolvers<void>()
    return new Promise((resolve, reject) => {
      const run = this.run(ctx, 'file', () => {
        resolve({
          end() {
            released.resolve()
            return run
          },
        })
        return released.promise
      })
      run.catch(reject)
    })
  }
}
