// What an evaluation answers: one line per figure, beside what was asked of it.

export interface Finding {
  readonly area: 'spikes' | 'nowcast' | 'launches' | 'standing' | 'returns' | 'quantity' | 'time';
  /** What was measured, on what, with the seed where one was drawn. */
  readonly figure: string;
  /** The bar in words; '' where the figure is only reported. */
  readonly asked: string;
  readonly reached: string;
  /** Undefined where nothing was asked. */
  readonly met?: boolean;
  /** The figure that decides for its area. */
  readonly gate?: boolean;
}

/** A trial: what it needs of real data it reads from the folder; without one it measures what is simulated alone, and says what it skipped. */
export type Trial = (data: string | undefined, report: (line: string) => void) => Promise<Finding[]> | Finding[];
