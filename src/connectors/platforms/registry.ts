// All platforms, by the name that stands in their webhook address.
import { generic } from './generic/generic.js';
import type { Platform } from './platform.js';
import { shopee } from './shopee/shopee.js';
import { shopify } from './shopify/shopify.js';
import { woocommerce } from './woocommerce/woocommerce.js';

export const PLATFORMS: ReadonlyMap<string, Platform> = new Map([generic, shopee, shopify, woocommerce].map((platform) => [platform.name, platform]));
