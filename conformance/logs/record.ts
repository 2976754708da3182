// Which commands record what programs do with VFIO, on a kernel as it is shipped?

/** What a probe reads: a name, and where it stands from the third argument on. */
const CONTAINER = [
  ['argsz', 0, 'u32'],
  ['flags', 4, 'x32'],
  ['q8', 8, 'x64'],
  ['q16', 16, 'x64'],
  ['q24', 24, 'x64'],
] as const;

const argument = CONTAINER.map(([name, at, type]) => `${name}=+u${at}($C):${type}`).join(' ');

/** The probes, with `$A`, `$B`, `$C` for the registers of the first three arguments. */
const PROBES: readonly string[] = [
  'p:vfio_container_open vfio_fops_open file=$B:x64',
  'p:vfio_container_release vfio_fops_release file=$B:x64',
  'p:vfio_group_open vfio_group_fops_open file=$B:x64',
  'r:vfio_group_open_ret vfio_group_fops_open ret=\\$retval:s32',
  'p:vfio_group_release vfio_group_fops_release file=$B:x64',
  'p:vfio_device_release vfio_device_fops_release file=$B:x64',
  `p:vfio_container vfio_fops_unl_ioctl file=$A:x64 cmd=$B:x32 ${argument} arg=$C:x64`,
  'p:vfio_group vfio_group_fops_unl_ioctl file=$A:x64 cmd=$B:x32 word=+u0($C):s32 text=+u0($C):ustring',
  'r:vfio_group_ret vfio_group_fops_unl_ioctl ret=\\$retval:s64',
  'p:vfio_device vfio_device_fops_unl_ioctl file=$A:x64 cmd=$B:x32',
  'r:vfio_device_ret vfio_device_fops_unl_ioctl ret=\\$retval:s64',
];

/** With the size that an unmap reports, where a return probe may read arguments (since 6.2), and without. */
const RETURNS = [
  'r:vfio_container_ret vfio_fops_unl_ioctl ret=\\$retval:s64 q16=+u16(\\$arg3):x64',
  'r:vfio_container_ret vfio_fops_unl_ioctl ret=\\$retval:s64',
] as const;

/** A script for a shell: by tracefs, or where that takes no probes, by bpftrace. */
export const recordScript = (): string => `#!/bin/sh
# Records what programs do with VFIO, for "iommu-spec judge". As root:
#   sh record.sh PROGRAM ARGUMENTS... > session.txt     until the program ends
#   sh record.sh > session.txt                          until it is interrupted
# Begin before the program opens anything of VFIO.
set -u
run() { if [ $# -gt 0 ]; then "$@" >&2; else trap : INT; sleep 1000000000; trap - INT; fi; }
for m in vfio vfio_iommu_type1; do modprobe "$m" 2> /dev/null; done

T=/sys/kernel/tracing
[ -e "$T/kprobe_events" ] || T=/sys/kernel/debug/tracing
if [ ! -w "$T/kprobe_events" ]; then
  command -v bpftrace > /dev/null || { echo 'neither tracefs with kprobe_events nor bpftrace is there' >&2; exit 69; }
  bpftrace -q -e '
${indented(bpftraceProgram(), 4)}
  ' &
  B=$!
  sleep 5
  run "$@"
  kill -INT "$B"
  wait "$B"
  exit 0
fi

case $(uname -m) in
  x86_64) A=%di B=%si C=%dx ;;
  aarch64) A=%x0 B=%x1 C=%x2 ;;
  riscv64) A=%a0 B=%a1 C=%a2 ;;
  *) echo "which registers hold arguments on $(uname -m) is not known to this script" >&2; exit 69 ;;
esac
I=$T/instances/iommu-spec
clean() {
  [ -d "$I" ] && { echo 0 > "$I/tracing_on"; echo 0 > "$I/events/enable"; rmdir "$I"; } 2> /dev/null
  sed -n 's,^[pr][0-9]*:\\(iommu_spec/[^ ]*\\).*,-:\\1,p' "$T/kprobe_events" | while read -r gone; do echo "$gone" >> "$T/kprobe_events"; done
}
add() {
  p=$(echo "$1" | sed 's,^\\(.\\):,\\1:iommu_spec/,')
  n=\${p#*:}
  echo "$p" >> "$T/kprobe_events"
  grep -q ":\${n%% *} " "$T/kprobe_events"
}
trap clean EXIT
clean
${PROBES.map(p => `add "${p}" || exit 69`).join('\n')}
add "${RETURNS[0]}" 2> /dev/null ||
  add "${RETURNS[1]}" || exit 69
mkdir "$I"
echo 65536 > "$I/buffer_size_kb"
echo 1 > "$I/events/iommu_spec/enable"
for e in iommu printk/console; do echo 1 > "$I/events/$e/enable"; done
run "$@"
echo 0 > "$I/tracing_on"
cat "$I/trace"
`;

const indented = (text: string, by: number): string =>
  text
    .split('\n')
    .map(line => (line === '' ? '' : ' '.repeat(by) + line))
    .join('\n');

/** The same lines as a kernel's trace file has, so that one reader reads both. */
function bpftraceProgram(): string {
  const head = '%s-%d [%03d] ..... %llu.%06llu: ';
  const stamp = 'comm, tid, cpu, nsecs / 1000000000, (nsecs / 1000) % 1000000';
  const probe = (on: string, name: string, format: string, values: string, more = ''): string =>
    `${on} {${more} printf("${head}${name}: ${format}\\n", ${stamp}${values === '' ? '' : `, ${values}`}); }`;
  const at = (n: number, type: string): string => `*(${type} *)uptr(arg2 + ${n})`;
  const fields = 'argsz=%u flags=0x%x q8=0x%llx q16=0x%llx q24=0x%llx';
  const values = [at(0, 'uint32'), at(4, 'uint32'), at(8, 'uint64'), at(16, 'uint64'), at(24, 'uint64')].join(
    ', ',
  );
  const entered = (fn: string, name: string, rest: string, more: string): string =>
    probe(`kprobe:${fn}`, name, `(${fn}+0x0) file=0x%llx cmd=0x%x${rest}`, `arg0, arg1${more}`);
  const returned = (fn: string, name: string, type = 'int64'): string =>
    probe(`kretprobe:${fn}`, name, `(ioctl <- ${fn}) ret=%d`, `(${type})retval`);
  const file = (fn: string, name: string): string =>
    probe(`kprobe:${fn}`, name, `(${fn}+0x0) file=0x%llx`, 'arg1');
  return [
    file('vfio_fops_open', 'vfio_container_open'),
    file('vfio_fops_release', 'vfio_container_release'),
    file('vfio_group_fops_open', 'vfio_group_open'),
    returned('vfio_group_fops_open', 'vfio_group_open_ret', 'int32'),
    file('vfio_group_fops_release', 'vfio_group_release'),
    file('vfio_device_fops_release', 'vfio_device_release'),
    probe(
      'kprobe:vfio_fops_unl_ioctl',
      'vfio_container',
      `(vfio_fops_unl_ioctl+0x0) file=0x%llx cmd=0x%x ${fields} arg=0x%llx`,
      `arg0, arg1, ${values}, arg2`,
      ' @arg[tid] = arg2;',
    ),
    probe(
      'kretprobe:vfio_fops_unl_ioctl',
      'vfio_container_ret',
      '(ioctl <- vfio_fops_unl_ioctl) ret=%d q16=0x%llx',
      '(int64)retval, *(uint64 *)uptr(@arg[tid] + 16)',
    ),
    entered(
      'vfio_group_fops_unl_ioctl',
      'vfio_group',
      ' word=%d text=\\"%s\\"',
      `, ${at(0, 'int32')}, str(uptr(arg2))`,
    ),
    returned('vfio_group_fops_unl_ioctl', 'vfio_group_ret'),
    entered('vfio_device_fops_unl_ioctl', 'vfio_device', '', ''),
    returned('vfio_device_fops_unl_ioctl', 'vfio_device_ret'),
  ].join('\n');
}
