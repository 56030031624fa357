// Nobody looks at the admin panel here, and it would have to be built first.
module.exports = {
  serveAdminPanel: false,
  auth: { secret: 'bench-admin-secret' },
  apiToken: { salt: 'bench-api-token-salt' },
  transfer: { token: { salt: 'bench-transfer-salt' } },
  secrets: { encryptionKey: 'bench-encryption-key-of-32-bytes' },
  flags: { nps: false, promoteEE: false },
}
