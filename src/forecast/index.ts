// Forecast: spikes, what is still to come, need and quantity; every decision with its numbers and reasons.
// Owns stream states, spikes, assessments, need states, the needs of groups, what nowcasts and standing sales are forecast with, the shapes of shops' weeks, and what is expected back.
// Never talks to a factory: it announces that need changed, and production decides what to say.
export { AssessService } from './assess.service.js';
export { needChanged, spikeDetected } from './forecast.facts.js';
export { ForecastModule } from './forecast.module.js';
export { findAssessment, letWait, needOf, needsOfStyle, recommendedNeeds, takeAgain, takeNeeds, type AssessmentRow, type GroupNeed, type NeedLine, type ReturnExpectation } from './forecast.repository.js';
export { groupOf } from './groups.js';
export { Forecast1763800600000, NowcastModels1763802100000, ReturnExpectations1763801600000, StandingSales1763802200000, ViewerSteps1763803500000, WaitingNeeds1763804110000, WeeklyShapes1763803200000 } from './migrations.js';
export { quantilesOf, tells, unitsOf, type ItemNowcast } from './nowcast.rules.js';
export { NowcastService } from './nowcast.service.js';
export { expectReturns, requestAssessment, Ticker } from './ticker.js';
