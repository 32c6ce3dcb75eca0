// What is still to come of cohorts that are not old enough: chain ladder with Mack's standard error, and Bornhuetter-Ferguson.
// Amounts or counts in any unit. Sources: T. Mack, "Distribution-free calculation of the standard error of chain ladder reserve
// estimates", ASTIN Bulletin 23 (1993); R. Bornhuetter and R. Ferguson, "The actuary and IBNR" (1972).

/** Cumulative triangle: one row per cohort, oldest first, n rows; row i holds its n − i known ages. Finite, not negative. */
export type Triangle = readonly (readonly number[])[];

export interface ChainLadder {
  /** f_k: growth from age k to k + 1, n − 1 of them. */
  readonly factors: readonly number[];
  /** σ²_k of Mack's model; the last one extrapolated. */
  readonly variances: readonly number[];
  readonly cohorts: readonly { readonly ultimate: number; readonly outstanding: number; readonly error: number }[];
  /** Σ outstanding and its standard error (process and estimation), which the common factors make larger than independent errors would. */
  readonly outstanding: number;
  readonly error: number;
}

function check(triangle: Triangle): void {
  if (triangle.length < 3) throw new RangeError(`a triangle needs at least three cohorts, got ${triangle.length}`);
  triangle.forEach((row, i) => {
    if (row.length !== triangle.length - i) throw new RangeError(`row ${i} must hold ${triangle.length - i} ages, got ${row.length}`);
    const wrong = row.find((c) => !(c >= 0) || !Number.isFinite(c));
    if (wrong !== undefined) throw new RangeError(`row ${i} must be finite and not negative, got ${wrong}`);
  });
}

/**
 * Chain ladder with Mack's distribution-free standard errors. The last σ², for which there is one ratio only, is
 * min(σ⁴_(n−2)/σ²_(n−3), σ²_(n−3), σ²_(n−2)) as Mack proposes (R's MackChainLadder extrapolates log-linearly by default and
 * differs by a part in a thousand on his example); with three cohorts it is the one before. Rows that fall are allowed.
 * RangeError where the shape is wrong, or a column that has to grow is all zero.
 */
export function chainLadder(triangle: Triangle): ChainLadder {
  check(triangle);
  const n = triangle.length;
  const at = (i: number, k: number): number => (triangle[i] as readonly number[])[k] as number;
  // Per age k: Σ over the cohorts that are known at k + 1.
  const sums = Array.from({ length: n - 1 }, (_, k) => triangle.slice(0, n - 1 - k).reduce((s, _row, i) => s + at(i, k), 0));
  const factors = sums.map((sum, k) => {
    if (sum <= 0) throw new RangeError(`column ${k} has nothing that could grow`);
    return triangle.slice(0, n - 1 - k).reduce((s, _row, i) => s + at(i, k + 1), 0) / sum;
  });
  const variances = factors.slice(0, -1).map((f, k) => {
    let sum = 0;
    // A cohort at 0 has no ratio; what it grew to stands in the factor alone.
    for (let i = 0; i < n - 1 - k; i++) if (at(i, k) > 0) sum += at(i, k) * (at(i, k + 1) / at(i, k) - f) ** 2;
    return sum / (n - 2 - k);
  });
  const last = variances[n - 3] as number;
  const before = variances[n - 4];
  variances.push(before === undefined ? last : before === 0 ? 0 : Math.min((last * last) / before, before, last));
  const spread = (k: number): number => ((factors[k] as number) > 0 ? (variances[k] as number) / (factors[k] as number) ** 2 : 0);
  const cohorts = triangle.map((row) => {
    const known = row.length - 1;
    let size = row[known] as number;
    const path: number[] = [];
    for (let k = known; k < n - 1; k++) {
      path.push(size);
      size *= factors[k] as number;
    }
    const ultimate = size;
    // (σ²/f²)(1/C + 1/Σ) × ultimate²; a cohort at 0 stays at 0 and has no error in this model.
    const relative = path.reduce((s, c, j) => (c > 0 ? s + spread(known + j) * (1 / c + 1 / (sums[known + j] as number)) : s), 0);
    return { ultimate, outstanding: ultimate - (row[known] as number), error: ultimate * Math.sqrt(relative) };
  });
  let square = 0;
  cohorts.forEach((cohort, i) => {
    const younger = cohorts.slice(i + 1).reduce((s, c) => s + c.ultimate, 0);
    let shared = 0;
    for (let k = n - 1 - i; k < n - 1; k++) shared += (2 * spread(k)) / (sums[k] as number);
    square += cohort.error ** 2 + cohort.ultimate * younger * shared;
  });
  return { factors, variances, cohorts, outstanding: cohorts.reduce((s, c) => s + c.outstanding, 0), error: Math.sqrt(square) };
}

/** A cohort of `exposure` (> 0, such as units sold) of which `observed` (≥ 0) have come back; `developed` in [0, 1] is G at its age. */
export interface Developing {
  readonly exposure: number;
  readonly observed: number;
  readonly developed: number;
}

function checkDeveloping(c: Developing): void {
  if (!(c.exposure > 0) || !Number.isFinite(c.exposure)) throw new RangeError(`exposure must be positive and finite, got ${c.exposure}`);
  if (!(c.observed >= 0) || !Number.isFinite(c.observed)) throw new RangeError(`observed must be finite and not negative, got ${c.observed}`);
  if (!(c.developed >= 0 && c.developed <= 1)) throw new RangeError(`developed must be in [0, 1], got ${c.developed}`);
}

/** Rate at maturity pooled over cohorts (Cape Cod): Σ observed / Σ exposure × developed. Undefined where nothing has developed. */
export function pooledRate(cohorts: readonly Developing[]): number | undefined {
  cohorts.forEach(checkDeveloping);
  const matured = cohorts.reduce((s, c) => s + c.exposure * c.developed, 0);
  return matured > 0 ? cohorts.reduce((s, c) => s + c.observed, 0) / matured : undefined;
}

/** Bornhuetter-Ferguson: what is still to come, exposure × rate × (1 − developed), whatever has come so far; rate ≥ 0 a priori. */
export function bornhuetterFerguson(cohort: Developing, rate: number): { readonly outstanding: number; readonly ultimate: number } {
  checkDeveloping(cohort);
  if (!(rate >= 0) || !Number.isFinite(rate)) throw new RangeError(`rate must be finite and not negative, got ${rate}`);
  const outstanding = cohort.exposure * rate * (1 - cohort.developed);
  return { outstanding, ultimate: cohort.observed + outstanding };
}
