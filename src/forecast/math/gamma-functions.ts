// ln Γ and its first two derivatives for x > 0: the recurrence up to 8, then the asymptotic series (Abramowitz and Stegun 6.1.41,
// 6.3.18, 6.4.12). Relative error below 1e-12.

const FROM = 8;

export function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  if (z < FROM) {
    let product = 1;
    for (; z < FROM; z++) product *= z;
    shift = Math.log(product);
  }
  const i = 1 / (z * z);
  return (z - 0.5) * Math.log(z) - z + 0.9189385332046727 + (1 / z) * (1 / 12 - i * (1 / 360 - i * (1 / 1260 - i * (1 / 1680 - i / 1188)))) - shift;
}

export function digamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < FROM; z++) shift += 1 / z;
  const i = 1 / (z * z);
  return Math.log(z) - 0.5 / z - i * (1 / 12 - i * (1 / 120 - i * (1 / 252 - i * (1 / 240 - i / 132)))) - shift;
}

export function trigamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < FROM; z++) shift += 1 / (z * z);
  const i = 1 / (z * z);
  return 1 / z + 0.5 * i + (i / z) * (1 / 6 - i * (1 / 30 - i * (1 / 42 - i * (1 / 30 - (5 * i) / 66)))) + shift;
}
