import { Texts } from './texts.js';

describe('texts kept as characters', () => {
  it('come back as they were written, in any script, however many and however long', () => {
    const texts = new Texts();
    const written = Array.from({ length: 20_000 }, (_, i) => ['', `${i}-paid`, `订单${i}`, `𝄞${'x'.repeat(i % 300)}`, '\u0000\ud800'][i % 5] as string);
    written.push('y'.repeat(300_000), 'last');
    for (const text of written) texts.add(text);
    written.forEach((text, i) => expect(texts.at(i)).toBe(text));
  });
});
