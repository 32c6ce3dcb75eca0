// Minor units of currencies.
/**
 * Digits of the minor unit by ISO 4217, where it is not 2. Intl has its digits from CLDR, which leaves out what is not in use any
 * more: 0 for IDR, PKR or COP, where ISO 4217 has 2.
 */
const DIGITS: ReadonlyMap<string, number> = new Map([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'].map((c) => [c, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((c) => [c, 3] as const),
  ['CLF', 4], ['UYW', 4],
]);

export const exponentOf = (currency: string): number => DIGITS.get(currency) ?? 2;
