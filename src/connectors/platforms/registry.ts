// All platforms, by the name that stands in their webhook address.
import { douyin } from './douyin/douyin.js';
import { generic } from './generic/generic.js';
import { kuaishou } from './kuaishou/kuaishou.js';
import type { Platform } from './platform.js';
import { shopify } from './shopify/shopify.js';
import { taobao } from './taobao/taobao.js';

export const PLATFORMS: ReadonlyMap<string, Platform> = new Map([douyin, generic, kuaishou, shopify, taobao].map((platform) => [platform.name, platform]));
