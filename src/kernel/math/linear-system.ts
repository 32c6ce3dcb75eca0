/**
 * Solves A x = b for a small square system by Gaussian elimination with partial pivoting; the input is left as it is. n³/3 steps.
 * Throws RangeError where shapes do not fit, a number is not finite, or A is singular to working precision.
 */
export function solveLinear(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  if (matrix.length !== n || matrix.some((row) => row.length !== n)) throw new RangeError(`the matrix must be ${n} by ${n}`);
  const rows: Float64Array[] = matrix.map((row, i) => Float64Array.from([...row, right[i] as number]));
  if (!rows.every((row) => row.every(Number.isFinite))) throw new RangeError('the system must be finite');
  const largest = Math.max(...rows.map((row) => Math.max(...row.subarray(0, n).map(Math.abs))));
  const at = (i: number, j: number): number => (rows[i] as Float64Array)[j] as number;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(at(i, k)) > Math.abs(at(pivot, k))) pivot = i;
    if (Math.abs(at(pivot, k)) <= 1e-14 * largest) throw new RangeError('the system is singular');
    [rows[k], rows[pivot]] = [rows[pivot] as Float64Array, rows[k] as Float64Array];
    for (let i = k + 1; i < n; i++) {
      const factor = at(i, k) / at(k, k);
      if (factor !== 0) for (let j = k; j <= n; j++) (rows[i] as Float64Array)[j] = at(i, j) - factor * at(k, j);
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = at(i, n);
    for (let j = i + 1; j < n; j++) sum -= at(i, j) * (x[j] as number);
    x[i] = sum / at(i, i);
  }
  return x;
}
