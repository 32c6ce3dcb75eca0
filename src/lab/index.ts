// Lab: the simulator, simulated factories, and the client that replays: the service seen from outside.
// Owns no table.
// Never reaches into a room of the service: it talks HTTP like everybody else.
export { ApiError, clientOf, follow, type Client } from './client.js';
export { demoWorld, type DemoWorld } from './demo-world.js';
export { replay, type ReplayOptions, type ReplaySummary } from './replay.js';
export { openFactory, type ReceivedSignal, type SimulatedFactory } from './simulated-factory.js';
