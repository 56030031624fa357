import { toStatusKey } from './subscriber-status.ts'

/** Names of columns in lower case, without what is no letter or digit; the likelier ones first. */
export const columnNames = {
  email: [
    ...['email', 'mail', 'emailaddress', 'mailaddress', 'subscriber', 'correo', 'correoelectronico', 'courriel'],
    ...['adressemail', 'adresseemail', 'emailadresse', 'youremail', 'workemail', 'username', 'whatsyouremail'],
  ],
  joined_at: [
    ...[
      'joinedat',
      'joined',
      'joindate',
      'signedup',
      'signedupat',
      'signupdate',
      'signuptime',
      'signup',
      'subscribedat',
    ],
    ...['subscribed', 'subscribedon', 'subscriptiondate', 'datesubscribed', 'registeredat', 'registrationdate'],
    ...[
      'appliedat',
      'dateapplied',
      'waitlistedat',
      'joinedwaitlistat',
      'datejoined',
      'createdat',
      'created',
      'createdon',
    ],
    ...[
      'creationtime',
      'createdate',
      'creationdate',
      'createddate',
      'datecreated',
      'createdtime',
      'profilecreatedon',
      'dateadded',
      'addedat',
      'addtime',
      'addedtime',
    ],
    ...['optintime', 'optindate', 'confirmtime', 'confirmedat', 'submittedat', 'submitdate'],
    ...['submissiondate', 'timestamp', 'date', 'time', 'added', 'zeitstempel', 'horodateur', 'marcatemporal'],
    ...['informazionicronologiche', 'carimbodedatahora', 'tijdstempel', 'startdate'],
  ],
  referred_by: [
    ...['referredby', 'referrer', 'referrercode', 'referredbycode', 'invitedby', 'referredbysignuptoken'],
    ...['referredbytoken', 'referrertoken', 'referrerreferralcode', 'referredbyreferralcode', 'invitedbycode'],
    ...['referredbyid', 'referrerid', 'referreruuid', 'referredbyuuid', 'parentcode', 'inviter', 'invitercode'],
    ...['referreremail', 'referredbyemail'],
  ],
  referral_code: [
    ...['referralcode', 'refcode', 'invitecode', 'sharecode', 'code', 'referraltoken', 'reftoken', 'myreferralcode'],
    ...['ownreferralcode', 'uniquecode', 'referralid', 'refid', 'signuptoken', 'token', 'referrallink', 'referralurl'],
    ...['sharelink', 'shareurl', 'invitelink', 'uniquelink'],
  ],
  state: [
    ...['status', 'subscriptionstatus', 'subscriberstatus', 'memberstatus', 'contactstatus', 'emailstatus'],
    ...['signupstatus', 'waitliststatus', 'userstatus', 'statut', 'state', 'estado', 'stato', 'deliverability'],
    ...['emaildeliverability', 'emailmarketingconsent', 'emailconsent', 'emailmarketing', 'responsetype'],
    ...['subscribed', 'issubscribed', 'subscribedtoemails', 'optin', 'optedin', 'optinstatus', 'marketingconsent'],
    ...['acceptsmarketing', 'acceptsemailmarketing', 'consent', 'confirmed', 'isconfirmed', 'verified', 'isverified'],
    ...['emailverified', 'isemailverified', 'emailconfirmed', 'active', 'isactive', 'enabled'],
  ],
} as const

export type ColumnName = keyof typeof columnNames

/** How a name is compared: `Submit Date (UTC)` is `submitdate`. */
export function toColumnKey(name: string): string {
  return toStatusKey(name.normalize('NFKD').replace(/\p{M}/gu, '')).replace(/(?:utc|gmt)\d*$/, '')
}
