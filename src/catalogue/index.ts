// Catalogue: what is sold, where, and who makes it on which terms.
// Owns shops, suppliers with their endpoints and standing, styles, SKUs and sourcing.
// Never holds a quantity of stock or an order.
export { Shop, Sku, Sourcing, Style, Supplier, type MoqScope, type ShopClock } from './catalogue.entity.js';
export { skusAdded, termsChanged } from './catalogue.facts.js';
export { CATALOGUE_COLUMNS, checkCatalogueRow } from './catalogue.file.js';
export { CatalogueModule } from './catalogue.module.js';
export { allSkus, categoriesOf, existingSkus, madeBy, termsOf, termsOfStyles, type SkuTerms } from './catalogue.repository.js';
export { CatalogueService, type NamedSuppliers } from './catalogue.service.js';
export { Catalogue1763800200000 } from './migrations.js';
