const FILES = `
  access faccessat faccessat2 open openat openat2 creat close close_range read write readv writev pread64 pwrite64 preadv
  pwritev preadv2 pwritev2 lseek stat lstat fstat newfstatat statx statfs fstatfs truncate ftruncate fallocate fsync fdatasync
  sync_file_range readahead cachestat dup dup2 dup3 flock getdents getdents64 getcwd chdir
  fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat readlink readlinkat chmod
  fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime utimes utimensat futimesat mknod mknodat getxattr
  lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr listxattrat
  removexattr lremovexattr fremovexattr removexattrat copy_file_range sendfile splice tee inotify_init inotify_init1
  inotify_add_watch inotify_rm_watch`;

const WAITING = `
  pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd
  eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime futex futex_waitv futex_wait futex_wake
  futex_requeue get_robust_list set_robust_list membarrier rseq`;

const MEMORY = `
  brk munmap mremap mprotect mincore msync mlock mlock2 mlockall munlock munlockall 
  mseal pkey_alloc pkey_free pkey_mprotect map_shadow_stack shmat shmdt shmctl`;

const PROCESSES = `
  fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid getpgrp setpgid getsid setsid
  set_tid_address arch_prctl pidfd_open pidfd_send_signal sched_yield sched_getaffinity sched_setaffinity
  sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_getattr sched_setattr sched_get_priority_max
  sched_get_priority_min sched_rr_get_interval getpriority setpriority ioprio_get ioprio_set getrlimit 
  getrusage times getcpu`;

/** Who a program is, and what it may shut out for itself. */
const RIGHTS = `
  getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid setfsuid
  setfsgid setgroups capget capset landlock_create_ruleset landlock_add_rule landlock_restrict_self`;

const SIGNALS = `
  rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend
  sigaltstack restart_syscall kill tkill tgkill pause alarm getitimer setitimer`;

const TIME = `
  clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time timer_create timer_settime timer_gettime
  timer_getoverrun timer_delete uname sysinfo getrandom`;

/** What a socket does once it is there; which ones can be made is below. */
const MESSAGES = `
  bind connect listen accept accept4 getsockname getpeername sendto recvfrom sendmsg recvmsg sendmmsg
  recvmmsg shutdown semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend
  mq_timedreceive mq_notify mq_getsetattr`;

/** The calls that programs may make with any arguments, by their names in libseccomp; a name that a machine lacks means nothing there. */
export const PLAIN_CALLS: readonly string[] = [
  FILES,
  WAITING,
  MEMORY,
  PROCESSES,
  RIGHTS,
  SIGNALS,
  TIME,
  MESSAGES,
].flatMap((names) => names.trim().split(/\s+/));

/** Debuggers need it; before Linux 4.8 it was a way around a filter. */
export const TRACING_CALL = { name: 'ptrace', minKernel: '4.8' } as const;
