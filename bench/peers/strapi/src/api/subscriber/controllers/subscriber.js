module.exports = require('@strapi/strapi').factories.createCoreController('api::subscriber.subscriber')
