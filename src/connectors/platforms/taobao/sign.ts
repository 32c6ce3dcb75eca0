import { md5 } from '../signatures.js';

/** Over all parameters in the order of their names, the secret before and behind them; upper case, as the platform compares. */
export const callSignature = (params: Readonly<Record<string, string>>, appSecret: string): string =>
  md5(appSecret, ...Object.keys(params).sort().map((name) => `${name}${params[name] ?? ''}`), appSecret).toUpperCase();
