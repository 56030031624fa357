module.exports = ({ env }) => ({
  host: '127.0.0.1',
  port: env.int('PORT'),
  app: { keys: ['bench-a', 'bench-b'] },
  dirs: { public: env('PUBLIC_FOLDER') },
  logger: { updates: { enabled: false }, startup: { enabled: false } },
})
