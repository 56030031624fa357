import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { guardCell, toCsvLine, unguardCell } from './csv-line.ts'
import { CsvReader, type CsvRecord } from './csv-reader.ts'
import { CsvText } from './csv-text.ts'

const cell = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'ab"\',;\t\r\n=+-@\0é🎉 '.split(''), '🎉') }),
)
const cleanCell = cell.map((text) => text.toWellFormed())
const table = fc.array(fc.array(cleanCell, { minLength: 2, maxLength: 4 }), { maxLength: 12 })

/** Reads a file that comes in pieces of the given sizes, over and over. */
function read(bytes: Buffer, { delimiter = ',', pieces = [7], offset = 0 } = {}): CsvRecord[] {
  const reader = new CsvReader({ delimiter, encoding: 'utf-8', offset })
  const records: CsvRecord[] = []
  let at = offset
  for (let i = 0; at < bytes.length; i++) {
    const size = pieces[i % pieces.length] ?? 7
    records.push(...reader.push(bytes.subarray(at, at + size)))
    at += size
  }
  return [...records, ...reader.end()]
}
const cellsOf = (records: CsvRecord[]) => records.map(({ cells }) => cells)

describe('reading CSV', () => {
  test('gives back every table, however it was written and in whatever pieces it comes', () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (rows, delimiter, record_delimiter, quoted, pieces) => {
          const text = stringify(rows, {
            delimiter,
            record_delimiter,
            quoted,
            quoted_match: /[\r\n]/,
            quoted_empty: true,
          })
          expect(cellsOf(read(Buffer.from(text), { delimiter, pieces }))).toEqual(rows)
        },
      ),
    )
  })

  test('gives back what we write ourselves', () => {
    fc.assert(
      fc.property(table, (rows) => {
        expect(cellsOf(read(Buffer.from(rows.map(toCsvLine).join(''))))).toEqual(rows)
      }),
    )
  })

  test('can begin again at the start of any record', () => {
    fc.assert(
      fc.property(table, fc.nat(), (rows, n) => {
        const bytes = Buffer.from(rows.map(toCsvLine).join(''))
        const records = read(bytes)
        const from = records[n % Math.max(1, records.length)]
        if (from) expect(read(bytes, { offset: from.start })).toEqual(records.slice(records.indexOf(from)))
        expect(records.at(-1)?.end ?? 0).toBe(bytes.length)
      }),
    )
  })

  test('takes what people make of it: empty lines, text beside quotes, no last line break', () => {
    expect(cellsOf(read(Buffer.from('a,b\n\n\r\n"x"y,2" wide\r\n,\n""\nlast,"one"')))).toEqual([
      ['a', 'b'],
      ['xy', '2" wide'],
      ['', ''],
      [''],
      ['last', 'one'],
    ])
  })

  test('a quote that nothing closes, and a record too long, cost their own line', () => {
    const long = 'x'.repeat(70_000)
    const bytes = Buffer.from(`a\n"b\nc\n${long}\n${'d\n'.repeat(40_000)}e,"f\ng`)
    const records = read(bytes, { pieces: [10_000] })
    expect(records.filter(({ broken }) => broken).map(({ start, end }) => [start, end - start])).toEqual([
      [2, 3],
      [7, 70_001],
      [bytes.length - 6, 5],
    ])
    expect(cellsOf(records.filter(({ broken }) => !broken)).length).toBe(40_003)
    expect(records.at(-1)?.cells).toEqual(['g'])
  })
})

test('a quote before what a spreadsheet would run comes and goes without a trace', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        cell,
        fc.stringMatching(/^'*[=+\-@]/),
        fc.string({ unit: fc.constantFrom(..."'= +-@＝＋－＠﹦﹢﹣﹫−\t\r\n\0\u3000\u200b\ufeffa") }),
      ),
      (text) => {
        expect(unguardCell(guardCell(text))).toBe(text)
        expect(guardCell(text)).not.toMatch(/^[\t\r\n\0]|^[\s\0\u200b\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫−]/)
      },
    ),
  )
  expect(['=1', "'=1", "''=1", 'O', "'O", ''].map(guardCell)).toEqual(["'=1", "''=1", "'''=1", 'O', "'O", ''])
})

describe('the text of a file', () => {
  const text = 'naïve,“x”\r\nэ@я.рф,🎉\r\n'
  const swapped = (bytes: Buffer) => Buffer.from(bytes).swap16()
  const through = (bytes: Buffer, size: number) => {
    const csvText = new CsvText()
    const out: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) out.push(csvText.push(bytes.subarray(at, at + size)))
    out.push(csvText.end())
    return {
      text: Buffer.concat(out).toString(csvText.encoding === 'utf-8' ? 'utf8' : 'latin1'),
      encoding: csvText.encoding,
      lines: csvText.lines,
    }
  }

  test.each([
    ['UTF-8', Buffer.from(text.repeat(60))],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text.repeat(60)}`)],
    ['UTF-16 LE', Buffer.from(`\ufeff${text.repeat(60)}`, 'utf16le')],
    ['UTF-16 BE', swapped(Buffer.from(`\ufeff${text.repeat(60)}`, 'utf16le'))],
  ])('%s reads the same, in whatever pieces', (_, bytes) => {
    for (const size of [1, 3, 1000, 100_000])
      expect(through(bytes, size)).toEqual({ text: text.repeat(60), encoding: 'utf-8', lines: 120 })
  })

  test('UTF-16 without a mark is told by its zeros', () => {
    expect(through(Buffer.from('email\nada@example.com\n', 'utf16le'), 5).text).toBe('email\nada@example.com\n')
    expect(through(swapped(Buffer.from('email\nada@example.com', 'utf16le')), 5)).toMatchObject({ lines: 2 })
  })

  test('what is no UTF-8 is Latin-1, wherever the first such byte stands', () => {
    const bytes = Buffer.from(`${'ada@example.com\n'.repeat(500)}jos\u00e9`, 'latin1')
    expect(through(bytes, 100)).toEqual({ text: bytes.toString('latin1'), encoding: 'windows-1252', lines: 501 })
    expect(through(Buffer.from('a\xc3', 'latin1'), 1).encoding).toBe('windows-1252')
  })

  test('lines are records: breaks within quotes do not count', () => {
    expect(through(Buffer.from('a\r\n"b\nc"\rd'), 2).lines).toBe(3)
    expect(through(Buffer.alloc(0), 2).lines).toBe(0)
  })

  test.each([
    ['a workbook', Buffer.from('504b03041400000008', 'hex'), /Save it as “CSV UTF-8”/],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /Save it as “CSV UTF-8”/],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d4948445200000001', 'hex'), /not text/],
  ])('%s is refused with a sentence', (_, bytes, sentence) => {
    expect(() => through(bytes, 4)).toThrow(sentence)
  })
})
