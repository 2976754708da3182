// What can one ask of the checker? Its public face.
export { agree, differenceOf } from './compare/agree.js';
export { type History, type Linearization, linearize, type Span } from './compare/linearize.js';
export { type Cover, coverWorld } from './compare/lockstep.js';
export { type Replay, replay } from './compare/replay.js';
export { type WalkResult, walk } from './compare/walk.js';
export type { Force, Restartable } from './driven.js';
export { type Exploration, explore, type Violation } from './explore/explore.js';
export { exploreNaively } from './explore/naive.js';
export type { AnyWorld, World } from './explore/world.js';
export { hasImplementation, implementationOf } from './machine.js';
export { headerOf, type Recording, recordPath } from './record.js';
export { DEBATES, WORLDS, worldNamed } from './worlds.js';
