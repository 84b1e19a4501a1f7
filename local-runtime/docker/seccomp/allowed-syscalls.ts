/**
 * Every system call that a sandbox may make whatever its arguments, by what it is for.
 *
 * What is missing is refused, on purpose: other namespaces and mounts, io_uring (its operations pass every filter,
 * sockets included), ptrace and reading another process, keys, bpf and perf, handles of files, userfaultfd, modules,
 * the clock, and 32-bit calls. Calls that are newer than all of these do not exist (ENOSYS), so libc falls back.
 */
export const ALLOWED_SYSCALLS = {
  files: names(`
    access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2
    fadvise64 fallocate fchdir fchmod fchmodat fchown fchownat fcntl fdatasync flock fstat fstatfs fsync
    ftruncate futimesat getcwd getdents getdents64 ioctl lchown link linkat lseek lstat memfd_create mkdir
    mkdirat mknod mknodat newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev
    pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile splice stat
    statfs statx symlink symlinkat sync sync_file_range syncfs tee truncate umask unlink unlinkat utime
    utimensat utimes write writev
  `),
  fileAttributes: names(`
    fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr lremovexattr
    lsetxattr removexattr setxattr
  `),
  waiting: names(`
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2
    inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents
    io_pgetevents io_setup io_submit poll ppoll pselect6 select signalfd signalfd4 timerfd_create
    timerfd_gettime timerfd_settime
  `),
  memory: names(`
    brk madvise membarrier mincore mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall
    munmap
  `),
  processes: names(`
    alarm arch_prctl capget capset execve execveat exit exit_group fork futex get_robust_list getcpu
    getitimer getpgid getpgrp getpid getppid getpriority getrandom getrlimit getrusage getsid gettid
    ioprio_get ioprio_set kill pause pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq
    rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
    sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
    sched_setscheduler sched_yield seccomp set_robust_list set_tid_address setitimer setpgid setpriority
    setrlimit setsid sigaltstack sysinfo tgkill times tkill uname vfork wait4 waitid
  `),
  users: names(`
    getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid
    setresgid setresuid setreuid setuid
  `),
  time: names(`
    clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time timer_create timer_delete
    timer_getoverrun timer_gettime timer_settime
  `),
  sockets: names(`
    accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg
    sendmsg sendto setsockopt shutdown
  `),
  messages: names(`
    mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd
    semctl semget semop semtimedop shmat shmctl shmdt shmget
  `),
} satisfies Readonly<Record<string, readonly string[]>>;

function names(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
