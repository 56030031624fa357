module.exports = require('@strapi/strapi').factories.createCoreService('api::subscriber.subscriber')
