export { bufferOf, offersOf, type Offer, type Sharer } from './offer.js';
