import { expect, test } from 'vitest'
import { autoLinksIn } from '../../../test/auto-links.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import { parsePersonName } from './person-name.ts'

const ada = { email: 'ada@example.com' }

test.each([
  ...['Chas.Name', 'Thos.Info', 'St.John', 'Anna.Li', 'Ann.Co', 'Geo.Wm.Pro', 'Jas.Moe, Jr.', 'Ivy St.John'],
  ...[
    'Dr.Who',
    'J.R.R.Tolkien',
    'will.i.am',
    'M.Sc. Ada',
    'A. de Vries',
    'Ada Lovelace (née Byron)',
    'Mr.T',
    'Ph.D. Jo',
  ],
  ...[
    'Sven Queue',
    'Queue Uppsala',
    'Ada Queue-Upton',
    'Uppal Queue',
    'X Æ A-12',
    'Иван Петров',
    '山田 太郎',
    'Ελένη Σ.',
  ],
  ...['Nguyễn Văn An', "D'Arcy O’Brien", 'Łukasz Żółć', 'José Ma.Paz', 'Ma.Teresa', 'Fr.Paul', 'أحمد علي'],
])('somebody may be called "%s", and mails show no link', (name) => {
  expect([parsePersonName(name, ada), autoLinksIn(`${nameInMail(name)} invites you.`)]).toEqual([name, []])
})

test.each([
  ...['evil.com', 'Evil.com', 'Booking.com', 'Eve (Evil.com)', 'Eve evil.com', 'Eve from Evil.com', 'eve.evil.com'],
  ...[
    'www.Evil.Com',
    'Www.Com',
    'Mary.Evil.Com',
    'https://Evil.Com',
    'Evil.Com/Pay',
    'Evil.Com:80',
    'mailto:Eve',
    '10.0.0.1',
    'Eve 192.168.1.1',
  ],
  ...[
    'eve@evil.com',
    'Eve @ home',
    'evil。com',
    'ev\u200bil.com',
    'müller.de',
    'почта.рф',
    't.co/x',
    'Pay at evil.com',
  ],
  ...[
    'QueueUp',
    'QueueUp Support',
    'Queue-Up Team',
    'QueueUp®',
    'QuеuеUp',
    'queueupstaff',
    'QueueUpBot',
    'System',
    'API key',
  ],
])('nobody may be called "%s"', (name) => {
  expect(() => parsePersonName(name, ada)).toThrow()
})
