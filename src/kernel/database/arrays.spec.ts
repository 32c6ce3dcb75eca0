import { numbers } from './arrays.js';

describe('numbers as PostgreSQL takes them', () => {
  it.each([['int4', 2 ** 31], ['int4', -(2 ** 31) - 1], ['int4', 1.5], ['int8', 2 ** 53], ['int8', 0.5], ['int4', Number.NaN]] as const)('refuses as it would what %s cannot hold: %d', (type, value) => {
    expect(() => numbers(type, [1, value])).toThrow(expect.objectContaining({ code: '22003' }));
  });
  it('takes what it can hold, negative and null too', () => {
    const bytes = numbers('int8', [-5, null, 2 ** 53 - 1]) as Buffer;
    expect([bytes.readBigInt64BE(24), bytes.readInt32BE(32), bytes.readBigInt64BE(40)]).toEqual([-5n, -1, 9007199254740991n]);
    expect((numbers('int4', [-(2 ** 31), 2 ** 31 - 1]) as Buffer).readInt32BE(24)).toBe(-(2 ** 31));
  });
});
