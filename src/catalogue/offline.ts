// What of the catalogue works without the service: the columns of its files.
export { CATALOGUE_COLUMNS, checkCatalogueRow } from './catalogue.file.js';
