// What does the package offer to a program, all of it under one roof?

/** The court: reads recordings and judges them. The same as `iommu-spec/conformance`. */
export * as conformance from '../conformance/index.js';
/** The fast implementation, which knows nothing of the law. The same as `iommu-spec/impl`. */
export * as impl from '../impl/index.js';
/** The checker: worlds, exploration, lockstep. The same as `iommu-spec/model`. */
export * as model from '../model/index.js';
/** The law: clauses, profiles, policies. The same as `iommu-spec/spec`. */
export * as spec from '../spec/index.js';
/** The words: operations, answers, recordings, as codecs. The same as `iommu-spec/protocol`. */
export * as protocol from '../spec/protocol/index.js';
