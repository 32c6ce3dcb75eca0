// What a SKU still sells outside broadcasts, as need asks for it and says it: pure, so that the service and the back-test know alike.
import { negativeBinomialMean, type NegativeBinomial } from '../kernel/math/index.js';
import { PUBLISHED_STANDING, standingToCome, type Standing, type StandingModel } from './math/index.js';

/** A model that is in force, its name, and the day (UTC) up to which sales had been looked at. */
export interface NamedStanding {
  readonly id: string;
  readonly asOf: string | null;
  readonly model: StandingModel;
}

/** In force until an outcome is complete. */
export const PRIOR_STANDING: NamedStanding = { id: 'published', asOf: null, model: PUBLISHED_STANDING };

/** What is expected of one SKU, from what, and by which model. */
export interface StandingPart {
  readonly units: NegativeBinomial;
  readonly days: number;
  readonly seen: Standing;
  readonly by: NamedStanding;
}

/** Undefined where it never sold outside broadcasts, or there is no time in which it could. */
export const standingPart = (by: NamedStanding, seen: Standing | undefined, days: number): StandingPart | undefined =>
  seen === undefined || !(days > 0) ? undefined : { units: standingToCome(by.model, seen, days), days, seen, by };

const DIGITS = 1;

/** As an assessment keeps it. */
export const standingInputs = ({ units, days, seen, by }: StandingPart): object => ({
  model: by.id, asOf: by.asOf, learnedFrom: { skus: by.model.skus, lessons: by.model.lessons }, days, mean: negativeBinomialMean(units), units28: seen.units28, orders28: seen.lines28, units91: seen.units91, daysSinceSale: seen.daysSinceSale,
});

export const standingReason = ({ units, days, seen, by }: StandingPart): string =>
  `${negativeBinomialMean(units).toFixed(DIGITS)} more expected outside broadcasts in ${days.toFixed(DIGITS)} days, after ${Math.round(seen.units28)} units in ${Math.round(seen.lines28)} orders of the last 28 days (${said(by)})`;

const said = ({ id, asOf, model }: NamedStanding): string =>
  model.lessons === 0 ? 'the published prior of standing sales: no outcome is complete yet' : `standing sales ${id}, learned as of ${asOf ?? ''} from ${model.lessons} outcomes of ${model.skus} SKU${model.skus === 1 ? '' : 's'}`;
