// All platforms, by the name that stands in their webhook address.
import { douyin } from './douyin/douyin.js';
import { generic } from './generic/generic.js';
import { kuaishou } from './kuaishou/kuaishou.js';
import type { Platform } from './platform.js';
import { lazada } from './lazada/lazada.js';
import { shopee } from './shopee/shopee.js';
import { shopify } from './shopify/shopify.js';
import { taobao } from './taobao/taobao.js';
import { tiktok } from './tiktok/tiktok.js';
import { woocommerce } from './woocommerce/woocommerce.js';

export const PLATFORMS: ReadonlyMap<string, Platform> = new Map([douyin, generic, kuaishou, lazada, shopee, shopify, taobao, tiktok, woocommerce].map((platform) => [platform.name, platform]));
