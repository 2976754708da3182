// Which calls of VFIO does a kernel's trace file show by probes on the functions that serve them?
import { prefixOf } from '../ftrace/prefix.js';
import type { Line } from '../trace/lines.js';
import type { Kind } from './requests.js';

/** What a probe on one of the functions shows. */
export interface Probe {
  readonly kind: Kind;
  readonly is: 'ioctl' | 'open' | 'release' | 'returned';
  readonly pid: number;
  readonly line: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** The functions of drivers/vfio, in every release that the profile speaks for. */
const FUNCTIONS: {
  readonly [name: string]: { readonly kind: Kind; readonly is: 'ioctl' | 'open' | 'release' };
} = {
  vfio_fops_unl_ioctl: { kind: 'container', is: 'ioctl' },
  vfio_group_fops_unl_ioctl: { kind: 'group', is: 'ioctl' },
  vfio_device_fops_unl_ioctl: { kind: 'device', is: 'ioctl' },
  vfio_fops_open: { kind: 'container', is: 'open' },
  vfio_group_fops_open: { kind: 'group', is: 'open' },
  vfio_fops_release: { kind: 'container', is: 'release' },
  vfio_group_fops_release: { kind: 'group', is: 'release' },
  vfio_device_fops_release: { kind: 'device', is: 'release' },
};

/** `(vfio_fops_unl_ioctl+0x4/0x320 [vfio])`, or of a return `(__x64_sys_ioctl+0x97/0xc0 <- vfio_fops_unl_ioctl)`. */
const ENTERED =
  /^\((vfio_[a-z_]{1,40})(?:\.[a-z0-9.]{1,40})?\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?(?: \[[\w-]+\])?\) ?/;
const RETURNED = /^\([^()]{1,120} <- (vfio_[a-z_]{1,40})(?:\.[a-z0-9.]{1,40})?(?: \[[\w-]+\])?\) ?/;
const FIELD = /([A-Za-z_][A-Za-z0-9_]{0,31})=("[^"]*"|\S+)/g;

/** Undefined: a line of something else. */
export function probeOn(line: Line): Probe | undefined {
  if (!line.text.includes('vfio_')) return undefined;
  const prefix = line.text.startsWith('#') ? undefined : prefixOf(line);
  if (prefix === undefined) return undefined;
  const rest = line.text.slice(prefix.from);
  const returned = RETURNED.exec(rest);
  const found = returned ?? ENTERED.exec(rest);
  const name = found?.[1] ?? '';
  if (found === null || !Object.hasOwn(FUNCTIONS, name)) return undefined;
  const { kind, is } = FUNCTIONS[name]!;
  const fields = new Map([...rest.slice(found[0].length).matchAll(FIELD)].map(m => [m[1]!, m[2]!]));
  const pid = Number.parseInt(prefix.context, 10);
  return { kind, is: returned === null ? is : 'returned', pid, line: line.number, fields };
}

/** A number as a probe prints it; undefined where it is not there or could not be read. */
export function numberIn(fields: ReadonlyMap<string, string>, name: string): bigint | undefined {
  const text = fields.get(name);
  if (text === undefined || !/^-?(?:0x[0-9a-f]{1,16}|\d{1,20})$/.test(text)) return undefined;
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}
