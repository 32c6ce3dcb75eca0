// What of the catalogue works without the service: the columns of its files.
export { CATALOGUE_COLUMNS, catalogueValues, checkCatalogueRow } from './catalogue.file.js';
