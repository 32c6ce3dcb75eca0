// All platforms, by the name that stands in their webhook address.
import { douyin } from './douyin/douyin.js';
import { generic } from './generic/generic.js';
import type { Platform } from './platform.js';
import { shopify } from './shopify/shopify.js';

export const PLATFORMS: ReadonlyMap<string, Platform> = new Map([douyin, generic, shopify].map((platform) => [platform.name, platform]));
