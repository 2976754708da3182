// Which structures in memory say how a device is translated, and what of it failed?
import { AMD } from './amd.js';
import { RECORDS } from './records.js';
import { RISCV } from './riscv.js';
import { SMMU } from './smmu.js';
import type { Structure } from './structure.js';
import { VTD } from './vtd.js';

export const STRUCTURES: readonly Structure[] = [...VTD, ...AMD, ...SMMU, ...RISCV, ...RECORDS];
