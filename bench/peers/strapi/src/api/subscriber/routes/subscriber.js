module.exports = require('@strapi/strapi').factories.createCoreRouter('api::subscriber.subscriber')
