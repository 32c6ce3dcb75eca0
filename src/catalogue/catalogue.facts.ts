import { z } from 'zod';
import { defineFact } from '../kernel/index.js';

/** SKUs that were not known before: orders that waited for them in quarantine can go on. */
export const skusAdded = defineFact('catalogue.skus-added', z.object({ skus: z.array(z.string()) }));

/** Who makes SKUs, or on which terms, is another than before: what was decided about them is to be looked at again. */
export const termsChanged = defineFact('catalogue.terms-changed', z.object({ skus: z.array(z.string()) }));
