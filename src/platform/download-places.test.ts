import { expect, test } from 'vitest'
import { DownloadPlaces } from './download-places.ts'

const isFull = { code: 'rate_limited' }

/** A download under way, whose reader has so many milliseconds left; it ends when it is told to or cut off. */
function begin(places: DownloadPlaces, leftMs: number) {
  const ended = Promise.withResolvers<void>()
  const download = { isCutOff: false, leftMs, end: ended.resolve, done: Promise.resolve() }
  const cutOff = () => {
    download.isCutOff = true
    ended.resolve()
  }
  download.done = places.run(async () => {
    const leave = places.add({ leftMs: () => download.leftMs, cutOff })
    await ended.promise
    leave()
  })
  return download
}

test('while all places are taken, a further download gets that of the slowest reader', async () => {
  const places = new DownloadPlaces(3)
  const [late, latest, quick] = [-100, -200, 5_000].map((leftMs) => begin(places, leftMs))
  expect(places.mayHaveRoom).toBe(true)
  await expect(places.run(async () => 'begun')).resolves.toBe('begun')
  expect([late, latest, quick].map((download) => download?.isCutOff)).toEqual([false, true, false])
})

test('while all readers keep the pace, none is cut off, and a further download is refused', async () => {
  const places = new DownloadPlaces(2)
  const readers = [begin(places, 1), begin(places, 5_000)]
  expect(places.mayHaveRoom).toBe(false)
  await expect(places.run(async () => 'begun')).rejects.toMatchObject(isFull)
  expect(readers.map(({ isCutOff }) => isCutOff)).toEqual([false, false])
  readers[0]?.end()
  await readers[0]?.done
  await expect(places.run(async () => 'begun')).resolves.toBe('begun')
})

test('while a place is free, no reader is cut off, however slow', async () => {
  const places = new DownloadPlaces(2)
  const slow = begin(places, -1_000)
  await places.run(async () => undefined)
  expect(slow.isCutOff).toBe(false)
})

test('what refuses a download before a reader is cut off for it saves that reader', async () => {
  const places = new DownloadPlaces(1)
  const slow = begin(places, -1_000)
  const refuse = async () => {
    throw new Error('no token')
  }
  await expect(places.run(async () => 'begun', refuse)).rejects.toThrow('no token')
  expect(slow.isCutOff).toBe(false)
})

test('many that come at once cut off one reader each, and never run more than there are places', async () => {
  const places = new DownloadPlaces(2)
  const slow = [begin(places, -1_000), begin(places, -2_000)]
  let [running, most] = [0, 0]
  const further = Array.from({ length: 5 }, () =>
    places.run(async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }),
  )
  const outcomes = await Promise.allSettled(further)
  expect(outcomes.map(({ status }) => status).sort()).toEqual([
    ...['fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected'],
  ])
  expect(most).toBe(2)
  expect(slow.every(({ isCutOff }) => isCutOff)).toBe(true)
})
