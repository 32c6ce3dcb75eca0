// What a Douyin shop shows of a SKU: changed by increments with an id of their own, and read back.
import { optionalWhole, type Fields } from '../payload.js';
import { PlatformRefused } from '../platform-http.js';
import type { PlatformStock } from '../platform.js';

type Ask = (path: string, params: object) => Promise<Fields>;

export const douyinStock = (ask: Ask): PlatformStock => ({
  push: async ({ id, code, item, change }) => {
    await ask('sku/syncStock', { sku_id: code, ...(item === null ? {} : { product_id: item }), stock_num: change, incremental: true, idempotent_id: id });
  },
  read: async (codes) => {
    const shown = new Map<string, number>();
    for (const { code } of codes) {
      try {
        const units = optionalWhole(await ask('sku/stockNum', { sku_id: code }), 'stock_num');
        if (units !== null) shown.set(code, units);
      } catch (error) {
        // One that is no longer sold must not keep the others from being read.
        if (!(error instanceof PlatformRefused) || error.retry || error.unauthorised) throw error;
      }
    }
    return shown;
  },
});
