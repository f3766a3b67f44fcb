export type FilterArch = 'x64' | 'arm64';

type Numbers = Readonly<Record<string, number>>;

/** System call numbers from 424 on are the same everywhere. */
const COMMON: Numbers = {
  pidfd_getfd: 438,
  process_madvise: 440,
  quotactl_fd: 443,
  clone3: 435,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  openat2: 437,
  mount_setattr: 442,
  memfd_secret: 447,
  fchmodat2: 452,
  statmount: 457,
  listmount: 458,
};

const X64: Numbers = {
  open: 2,
  ioctl: 16,
  socket: 41,
  socketpair: 53,
  clone: 56,
  fork: 57,
  vfork: 58,
  fcntl: 72,
  creat: 85,
  chmod: 90,
  fchmod: 91,
  ptrace: 101,
  syslog: 103,
  mknod: 133,
  uselib: 134,
  personality: 135,
  ustat: 136,
  sysfs: 139,
  vhangup: 153,
  modify_ldt: 154,
  pivot_root: 155,
  _sysctl: 156,
  adjtimex: 159,
  chroot: 161,
  acct: 163,
  settimeofday: 164,
  mount: 165,
  umount2: 166,
  swapon: 167,
  swapoff: 168,
  reboot: 169,
  sethostname: 170,
  setdomainname: 171,
  iopl: 172,
  ioperm: 173,
  create_module: 174,
  init_module: 175,
  delete_module: 176,
  quotactl: 179,
  lookup_dcookie: 212,
  clock_settime: 227,
  kexec_load: 246,
  add_key: 248,
  request_key: 249,
  keyctl: 250,
  migrate_pages: 256,
  openat: 257,
  mknodat: 259,
  fchmodat: 268,
  unshare: 272,
  move_pages: 279,
  fallocate: 285,
  perf_event_open: 298,
  fanotify_init: 300,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
  clock_adjtime: 305,
  setns: 308,
  process_vm_readv: 310,
  process_vm_writev: 311,
  kcmp: 312,
  finit_module: 313,
  kexec_file_load: 320,
  bpf: 321,
  userfaultfd: 323,
};

const ARM64: Numbers = {
  lookup_dcookie: 18,
  fcntl: 25,
  ioctl: 29,
  mknodat: 33,
  umount2: 39,
  mount: 40,
  pivot_root: 41,
  fallocate: 47,
  chroot: 51,
  fchmod: 52,
  fchmodat: 53,
  openat: 56,
  vhangup: 58,
  quotactl: 60,
  acct: 89,
  personality: 92,
  unshare: 97,
  kexec_load: 104,
  init_module: 105,
  delete_module: 106,
  clock_settime: 112,
  syslog: 116,
  ptrace: 117,
  reboot: 142,
  sethostname: 161,
  setdomainname: 162,
  settimeofday: 170,
  adjtimex: 171,
  socket: 198,
  socketpair: 199,
  add_key: 217,
  request_key: 218,
  keyctl: 219,
  clone: 220,
  swapon: 224,
  swapoff: 225,
  migrate_pages: 238,
  move_pages: 239,
  perf_event_open: 241,
  fanotify_init: 262,
  name_to_handle_at: 264,
  open_by_handle_at: 265,
  clock_adjtime: 266,
  setns: 268,
  process_vm_readv: 270,
  process_vm_writev: 271,
  kcmp: 272,
  finit_module: 273,
  bpf: 280,
  userfaultfd: 282,
  kexec_file_load: 294,
};

/** A system call as the kernel's tables name it. */
export type CallName = string;

/** What the filter must know about one architecture. */
export interface CallTable {
  /** AUDIT_ARCH_* of its own ABI. */
  readonly audit: number;
  readonly numbers: Numbers;
  /** System V shared memory, semaphores and queues. */
  readonly sysvIpc: readonly number[];
}

export const CALLS: Readonly<Record<FilterArch, CallTable>> = {
  x64: { audit: 0xc000003e, numbers: { ...X64, ...COMMON }, sysvIpc: [29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220] },
  arm64: { audit: 0xc00000b7, numbers: { ...ARM64, ...COMMON }, sysvIpc: [186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197] },
};

/** The newest call that was looked at: anything above it does not exist for a plugin. */
export const NEWEST_CALL = 462;

/** Calls that programs try and have a way round: they do not exist. `openat2` and `clone3` hide what they ask for behind a pointer. */
export const MISSING: readonly CallName[] = [
  ...['clone3', 'openat2', 'fchmodat2', 'memfd_secret', 'statmount', 'listmount'],
  ...['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  ...['open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'],
];

/** Calls that are refused whatever they ask for: mounts, namespaces, other processes, keys, clocks, modules, the kernel's own doors. */
export const REFUSED: readonly CallName[] = [
  ...['mount', 'umount2', 'pivot_root', 'chroot', 'unshare', 'setns', 'name_to_handle_at', 'open_by_handle_at'],
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'pidfd_getfd', 'kcmp', 'move_pages', 'migrate_pages'],
  ...['add_key', 'request_key', 'keyctl', 'bpf', 'perf_event_open', 'userfaultfd', 'fanotify_init', 'lookup_dcookie'],
  ...['settimeofday', 'adjtimex', 'clock_settime', 'clock_adjtime', 'sethostname', 'setdomainname', 'syslog', 'acct', 'reboot'],
  ...['swapon', 'swapoff', 'quotactl', 'quotactl_fd', 'vhangup', 'modify_ldt', 'iopl', 'ioperm', 'uselib', 'ustat', 'sysfs'],
  ...['_sysctl', 'create_module', 'init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load'],
];
