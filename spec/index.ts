// What does the law offer to whoever uses it? The public face of the specification.
export { FORMATS, formatNamed } from './hardware/formats/formats.js';
export { type Vector, vectorsOf } from './hardware/formats/vectors.js';
export { type Walked, walk } from './hardware/formats/walk.js';
export { LANGUAGES, type Language, written } from './hardware/formats/written.js';
export { type Read, read, type Structure } from './hardware/structures/structure.js';
export { STRUCTURES } from './hardware/structures/structures.js';
export { type StructureVector, vectorsOfStructure } from './hardware/structures/vectors.js';
export { structuresWritten } from './hardware/structures/written.js';
export { canonical } from './kit/canonical.js';
export { patch, patchAt } from './kit/record.js';
export { fold, type Rows, type Selector, type Sum, selector, some, sum } from './kit/selector.js';
export { SlotTable, slotTable, type Table } from './kit/table.js';
export { type Allowed, allowedBy, type Clause, type Next, type Policies } from './law/clause.js';
export { GaveUp } from './law/gave-up.js';
export { checkPolicies, UnknownName } from './law/known.js';
export {
  type AnyOp,
  type AnyProfile,
  allowed,
  defaultPolicies,
  type Liveness,
  type Policy,
  type Profile,
  type StateProperty,
  type StepProperty,
  type View,
} from './law/profile.js';
export { inForce, lackOf, RELEASE, type Release, releaseIn } from './law/release.js';
export { type Citation, SOURCES } from './law/sources.js';
export { PROFILES } from './profiles.js';
export { vfio2011 } from './vfio-2011/profile.js';
