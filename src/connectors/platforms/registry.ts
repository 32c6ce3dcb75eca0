// All platforms, by the name that stands in their webhook address.
import { generic } from './generic/generic.js';
import type { Platform } from './platform.js';
import { lazada } from './lazada/lazada.js';
import { shopee } from './shopee/shopee.js';
import { shopify } from './shopify/shopify.js';
import { tiktok } from './tiktok/tiktok.js';
import { woocommerce } from './woocommerce/woocommerce.js';

export const PLATFORMS: ReadonlyMap<string, Platform> = new Map([generic, lazada, shopee, shopify, tiktok, woocommerce].map((platform) => [platform.name, platform]));
