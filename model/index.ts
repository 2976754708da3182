// What can one ask of the checker? Its public face.
export { agree, differenceOf } from './agree.js';
export { type Exploration, explore, type Violation } from './explore/explore.js';
export { exploreNaively } from './explore/naive.js';
export type { AnyWorld, World } from './explore/world.js';
export { type History, type Linearization, linearize, type Span } from './linearize.js';
export { type Cover, coverWorld } from './lockstep.js';
export { type Force, hasImplementation, implementationOf, type Restartable } from './machine.js';
export { headerOf, type Recording, recordPath } from './record.js';
export { type Replay, replay } from './replay.js';
export { type WalkResult, walk } from './walk.js';
export { DEBATES, WORLDS, worldNamed } from './worlds.js';
