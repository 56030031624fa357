import { expect, test } from 'vitest'
import { autoLinksIn } from '../../../test/auto-links.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import { organisationNameSchema } from './organisation-name.ts'

const isAccepted = (name: string) => organisationNameSchema.safeParse(name).success

const accepted = [
  // Companies that are called like a domain, with what they add to it.
  ...[
    'Booking.com',
    'Monday.com',
    'monday.com Ltd.',
    'Amazon.com Services LLC',
    'Amazon.com, Inc.',
    'Crypto.com Arena',
  ],
  ...['ASP.NET Guild', 'The ASP.NET Guild', 'Friends of Booking.com', 'Team Hotels.com', 'Salesforce.com Foundation'],
  ...[
    'Stamps.com & Sons',
    'Example.co.uk Holdings',
    'Allegro.pl sp. z o.o.',
    'Müller.de GmbH',
    'Яндекс.рф',
    'HEISE.DE',
  ],
  ...['1-800-Flowers.com, Inc.', '4chan.org Archive', 'Rock.It Records', 'Trade.io Group'],
  // Abbreviations without a space behind the full stop.
  ...[
    'Tata Sons Pvt.Ltd.',
    'Zebra Pty.Ltd',
    'tata sons pvt.ltd.',
    'Huawei Co.Ltd',
    'Chas.Name',
    'Thos.Info',
    'St.John',
  ],
  ...[
    'Dr.Smith & Co.',
    'Wm.Morrison',
    'No.10',
    'node.js',
    'Node.js Meetup',
    'Yahoo! Inc.',
    'Acme Inc.',
    'S.p.A. Milano',
  ],
  // Words that begin as the product's name does.
  ...['The Queue Uprising', 'Queue-Upgrade', 'Queue Upgrades Ltd', 'QueueUprising', 'Queue Upstairs', 'Queue & Upton'],
  ...['queueuprising', 'Queue Update Weekly', 'Die Queue', 'Line Up', 'Barbecue Upper East', 'Queue-Upload GmbH'],
  // In other scripts.
  ...['株式会社。東京', 'ООО Ромашка', 'شركة الأمل', 'חברת דוד', 'बैंक ऑफ़ इंडिया', '한국전력공사'],
]

test.each(accepted)('an organisation may be called "%s", and mails show no link', (name) => {
  expect([isAccepted(name), autoLinksIn(`Join ${nameInMail(name)} at QueueUp.`)]).toEqual([true, []])
})

const urls = [
  ...[
    'https://evil.example',
    'http://evil',
    'hxxp://evil.example',
    'ftp://files.example',
    'mailto:eve@evil.com',
    'tel:+4912',
  ],
  ...[
    'www.evil.com',
    'WWW.Evil',
    'www.Booking.com Ltd',
    'evil.com/pay',
    'Evil.com/Pay Now',
    'Booking.com?x=1',
    't.co/x',
  ],
  ...['Evil.com:8080', 'Booking.com#gift', '192.168.1.1', 'Acme 10.0.0.1', 'billing@evil.com', 'Acme billing@evil.com'],
  ...[
    'Pay at evil.com',
    'pay at Evil.com',
    'Go to Evil.com',
    'visit evil.com today',
    'Booking.com gift card',
    'Acme (evil.com)',
  ],
  ...[
    'Acme evil.com',
    'Acme, evil.com',
    'Acme→evil.com',
    'a.b.evil.com',
    'login.Booking.com',
    'Acme evil。com',
    'Acme ev\u200bil.com',
  ],
  ...['Sign in: evil.com', 'оплатите на почта.рф', 'javascript:alert', 'data:text', 'x@evil.com Ltd'],
]
const impersonations = [
  ...[
    'QueueUp',
    'QUEUEUP',
    'queueup',
    'Queue Up',
    'Queue-Up',
    'queue_up',
    'q u e u e u p',
    'Q.U.E.U.E.U.P.',
    'QueueUp®',
  ],
  ...[
    'QueueUp™',
    'QueueUp© 2026',
    'QueueUp Security',
    'Queue-Up Team',
    'Security (QueueUp)',
    'QueueUpSecurity',
    'MyQueueUp',
  ],
  ...['queueupsupport', 'thequeueupteam', 'QUEUEUPBILLING', 'QueueUp2026', '24QueueUp', 'QueueUps', "QueueUp's Staff"],
  ...[
    'QuеuеUp',
    'Queυe–Up',
    'Qᴜᴇᴜᴇᴜᴘ',
    'ＱｕｅｕｅＵｐ',
    '𝐐𝐮𝐞𝐮𝐞𝐔𝐩 Team',
    'Queue\u200bUp',
    'Qu3u3Up',
    'Qu€u€Up',
    'QuéueÜp',
    'Queue|Up',
  ],
  ...['QueueUp.com', 'QueueUp.Security', 'System', 'The System', 'Str1pe Billing'],
]

test.each([...urls, ...impersonations])('an organisation may not be called "%s"', (name) => {
  expect(isAccepted(name)).toBe(false)
})
