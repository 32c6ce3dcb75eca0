// What of forecast works without the service: what is needed of a SKU and how much of it to make.
export { changed, choose, dateOf, decide, needInput, type Decided, type Demand, type NeedFacts, type NeedInput } from './need.rules.js';
export { airOf, factsOf, mayStillSell, nowcasterOf, nowcastsOf, PUBLISHED, tells, unitsOf, unitsToCome, type ItemNowcast, type NamedModel, type Nowcaster, type PlannedBroadcast } from './nowcast.rules.js';
export { groupOf } from './groups.js';
export { PRIOR_STANDING, standingPart, type NamedStanding, type StandingPart } from './standing.rules.js';
