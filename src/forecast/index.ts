// Forecast: spikes, what is still to come, need and quantity; every decision with its numbers and reasons.
// Owns stream states, spikes, assessments, need states and the needs of groups.
// Never talks to a factory: it announces that need changed, and production decides what to say.
export { AssessService } from './assess.service.js';
export { needChanged, spikeDetected } from './forecast.facts.js';
export { ForecastModule } from './forecast.module.js';
export { findAssessment, needOf, needsOfStyle, takeNeeds, type AssessmentRow, type GroupNeed, type NeedLine } from './forecast.repository.js';
export { groupOf } from './groups.js';
export { Forecast1763800600000 } from './migrations.js';
export { requestAssessment, Ticker } from './ticker.js';
