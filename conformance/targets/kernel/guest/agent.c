// Which system calls does the host want made in this guest? Reads one request a line, answers with one line.
//
// It is /init of an initramfs. All structures are built on the host; here bytes are passed on, so that the
// agent knows no ABI and runs on any kernel. An answer is `RESULT` or `RESULT HEX`, RESULT being the call's
// value, or a negative errno. Requests (numbers in C's spelling, bytes in hexadecimal):
//   o FLAGS PATH      open            c FD              close            D FD   dup
//   i FD REQ HEX      ioctl, buffer in and out           n FD REQ ARG      ioctl with a number
//   m ADDR LEN PROT FLAGS FD OFF  mmap                  u ADDR LEN        munmap
//   M ADDR LEN PROT   mprotect
//   R ADDR LEN        read memory     W ADDR HEX        write memory
//   r SIZE ADDR       one load        w SIZE ADDR VALUE one store
//   T ADDR PAGES OFFSET VALUE  store64 into each page, at its offset: VALUE in the first, VALUE + 1 in the next
//   C ADDR PAGES OFFSET VALUE  numbers (32 bits) of the pages where that is not there any more
//   B ADDR LEN        how many bits of this memory are set
//   q ADDR MASK VALUE MS  wait until (load32(ADDR) & MASK) == VALUE
//   P FD OFF LEN      pread           Q FD OFF HEX      pwrite
//   g PATH            read a file     p PATH HEX        write a file
//   l PATH            readlink        d PATH            names in a folder, one a line
//   L CUR MAX         RLIMIT_MEMLOCK  k PATH PARAMS     load a module
//   s CAPABLE         1: keep, 0: drop CAP_IPC_LOCK from the effective set
//   F                 start a worker: a process with an address space of its own and the same table of open
//                     files, so that a descriptor that any of them opens is everybody's. Its number
//   @N REQUEST        the worker N makes the request
//   &N REQUEST        it begins with the request; the answer is asked for by ?
//   ?N MS             its answer, or -110 (ETIMEDOUT) if it is still busy after MS
//   X N               the worker N ends
//   z                 power off
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 65536
#define WORKERS 16

static char line[2 * MOST + 256];
static unsigned char bytes[MOST];
static FILE *in, *out;
static struct { FILE *in; pid_t pid; int busy, far; } workers[WORKERS];
static sigjmp_buf fault;

static void on_fault(int sig) { (void)sig; siglongjmp(fault, 1); }

static long unhex(const char *text) {
	long n = 0;
	unsigned byte;
	for (; text[0] && text[1] && n < MOST && sscanf(text, "%2x", &byte) == 1; text += 2) bytes[n++] = byte;
	return n;
}

static void answer(long result, long length) {
	fprintf(out, "%ld", result);
	if (length > 0) fputc(' ', out);
	for (long i = 0; i < length; i++) fprintf(out, "%02x", bytes[i]);
	fputc('\n', out);
	fflush(out);
}

static long or_errno(long result) { return result < 0 ? -errno : result; }

static long read_file(const char *path, long *length) {
	int fd = open(path, O_RDONLY);
	if (fd < 0) return -errno;
	long n = 0, more;
	while (n < MOST && (more = read(fd, bytes + n, MOST - n)) > 0) n += more;
	long result = n == 0 && more < 0 ? -errno : n;
	close(fd);
	*length = result < 0 ? 0 : n;
	return result;
}

static long write_file(char *path, const char *hex) {
	long n = unhex(hex);
	int fd = open(path, O_WRONLY);
	if (fd < 0) return -errno;
	long result = or_errno(write(fd, bytes, n));
	close(fd);
	return result;
}

static long list(const char *path, long *length) {
	DIR *dir = opendir(path);
	if (!dir) return -errno;
	long n = 0;
	for (struct dirent *e; (e = readdir(dir)) && n + (long)strlen(e->d_name) + 1 < MOST;)
		if (e->d_name[0] != '.') n += sprintf((char *)bytes + n, "%s\n", e->d_name);
	closedir(dir);
	return *length = n;
}

static long load(int size, uintptr_t at) {
	uint64_t value = size == 1   ? *(volatile uint8_t *)at
			 : size == 2 ? *(volatile uint16_t *)at
			 : size == 4 ? *(volatile uint32_t *)at
				     : *(volatile uint64_t *)at;
	memcpy(bytes, &value, 8);
	return 0;
}

static long store(int size, uintptr_t at, uint64_t value) {
	if (size == 1) *(volatile uint8_t *)at = value;
	else if (size == 2) *(volatile uint16_t *)at = value;
	else if (size == 4) *(volatile uint32_t *)at = value;
	else *(volatile uint64_t *)at = value;
	return 0;
}

static long wait_for(uintptr_t at, uint32_t mask, uint32_t value, long ms) {
	for (long i = 0; i < ms * 10; i++) {
		if ((*(volatile uint32_t *)at & mask) == value) return 0;
		usleep(100);
	}
	return -ETIMEDOUT;
}

static long tag(uintptr_t at, long pages, long offset, uint64_t value) {
	for (long i = 0; i < pages; i++) *(volatile uint64_t *)(at + i * 4096 + offset) = value + i;
	return 0;
}

static long untagged(uintptr_t at, long pages, long offset, uint64_t value) {
	uint32_t n = 0;
	for (uint32_t i = 0; i < pages && n < MOST / 4; i++)
		if (*(volatile uint64_t *)(at + i * 4096L + offset) != value + i) memcpy(bytes + 4 * n++, &i, 4);
	return n;
}

static long bits(uintptr_t at, long length) {
	long n = 0;
	for (long i = 0; i < length; i += 8) n += __builtin_popcountll(*(uint64_t *)(at + i));
	return n;
}

static long ipc_lock(int keep) {
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &head, data) < 0) return -errno;
	uint32_t bit = 1u << CAP_IPC_LOCK;
	data[0].effective = keep ? data[0].effective | bit : data[0].effective & ~bit;
	return or_errno(syscall(SYS_capset, &head, data));
}

static long module(char *path, const char *params) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return -errno;
	long result = or_errno(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
	return result;
}

static long start_worker(void);

static void request(char *text) {
	unsigned long a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
	int at = 0;
	long length = 0;
	char *rest = text + 1;
	if (text[0] == 'o' && sscanf(rest, "%li %n", (long *)&a, &at) == 1) return answer(or_errno(open(rest + at, a)), 0);
	if (text[0] == 'D') return answer(or_errno(dup(atoi(rest))), 0);
	if (text[0] == 'c') return answer(or_errno(close(atoi(rest))), 0);
	if (text[0] == 'g' || text[0] == 'd' || text[0] == 'l') {
		rest++;
		if (text[0] == 'g') { a = read_file(rest, &length); return answer(a, length); }
		if (text[0] == 'd') { a = list(rest, &length); return answer(a, length); }
		a = or_errno(readlink(rest, (char *)bytes, MOST));
		return answer(a, (long)a > 0 ? (long)a : 0);
	}
	if (text[0] == 'p' || text[0] == 'k') {
		char *path = strtok(rest, " "), *more = strtok(NULL, "");
		if (!path) return answer(-EINVAL, 0);
		return answer(text[0] == 'p' ? write_file(path, more ? more : "") : module(path, more ? more : ""), 0);
	}
	if (text[0] == 'F') return answer(start_worker(), 0);
	if (text[0] == 'z') { sync(); reboot(RB_POWER_OFF); }
	if (sigsetjmp(fault, 1)) return answer(-EFAULT, 0);
	switch (text[0]) {
	case 'i':
		if (sscanf(rest, "%li %li %n", (long *)&a, (long *)&b, &at) < 2) break;
		length = unhex(rest + at);
		return answer(or_errno(ioctl(a, b, bytes)), length);
	case 'n':
		if (sscanf(rest, "%li %li %li", (long *)&a, (long *)&b, (long *)&c) < 3) break;
		return answer(or_errno(ioctl(a, b, c)), 0);
	case 'm': {
		if (sscanf(rest, "%li %li %li %li %li %li", (long *)&a, (long *)&b, (long *)&c, (long *)&d, (long *)&e,
			   (long *)&f) < 6) break;
		void *p = mmap((void *)a, b, c, d, (int)e, f);
		return answer(p == MAP_FAILED ? -errno : (long)p, 0);
	}
	case 'M':
		if (sscanf(rest, "%li %li %li", (long *)&a, (long *)&b, (long *)&c) < 3) break;
		return answer(or_errno(mprotect((void *)a, b, c)), 0);
	case 'u':
		if (sscanf(rest, "%li %li", (long *)&a, (long *)&b) < 2) break;
		return answer(or_errno(munmap((void *)a, b)), 0);
	case 'R':
		if (sscanf(rest, "%li %li", (long *)&a, (long *)&b) < 2 || b > MOST) break;
		memcpy(bytes, (void *)a, b);
		return answer(0, b);
	case 'W':
		if (sscanf(rest, "%li %n", (long *)&a, &at) < 1) break;
		length = unhex(rest + at);
		memcpy((void *)a, bytes, length);
		return answer(0, 0);
	case 'r':
		if (sscanf(rest, "%li %li", (long *)&a, (long *)&b) < 2) break;
		return answer(load(a, b), a);
	case 'w':
		if (sscanf(rest, "%li %li %li", (long *)&a, (long *)&b, (long *)&c) < 3) break;
		return answer(store(a, b, c), 0);
	case 'q':
		if (sscanf(rest, "%li %li %li %li", (long *)&a, (long *)&b, (long *)&c, (long *)&d) < 4) break;
		return answer(wait_for(a, b, c, d), 0);
	case 'T':
	case 'C':
		if (sscanf(rest, "%li %li %li %li", (long *)&a, (long *)&b, (long *)&c, (long *)&d) < 4) break;
		if (text[0] == 'T') return answer(tag(a, b, c, d), 0);
		e = untagged(a, b, c, d);
		return answer(e, 4 * e);
	case 'B':
		if (sscanf(rest, "%li %li", (long *)&a, (long *)&b) < 2) break;
		return answer(bits(a, b), 0);
	case 'P':
		if (sscanf(rest, "%li %li %li", (long *)&a, (long *)&b, (long *)&c) < 3 || c > MOST) break;
		d = or_errno(pread(a, bytes, c, b));
		return answer(d, (long)d > 0 ? (long)d : 0);
	case 'Q':
		if (sscanf(rest, "%li %li %n", (long *)&a, (long *)&b, &at) < 2) break;
		length = unhex(rest + at);
		return answer(or_errno(pwrite(a, bytes, length, b)), 0);
	case 'L': {
		if (sscanf(rest, "%li %li", (long *)&a, (long *)&b) < 2) break;
		struct rlimit limit = { a, b };
		return answer(or_errno(setrlimit(RLIMIT_MEMLOCK, &limit)), 0);
	}
	case 's':
		return answer(ipc_lock(atoi(rest)), 0);
	case 'X':
		a = atoi(rest);
		if (a >= WORKERS || !workers[a].pid) break;
		kill(workers[a].pid, SIGKILL);
		waitpid(workers[a].pid, NULL, 0);
		fclose(workers[a].in);
		close(workers[a].far);
		workers[a].pid = 0;
		return answer(0, 0);
	}
	answer(-ENOSYS, 0);
}

static void pass_on(unsigned long n) {
	if (!fgets(line, sizeof line, workers[n].in)) strcpy(line, "-3\n");
	workers[n].busy = 0;
	fputs(line, out);
	fflush(out);
}

// A request for a worker: the first character says how.
static void to_worker(void) {
	char *text, how = line[0];
	unsigned long n = strtoul(line + 1, &text, 10);
	if (n >= WORKERS || !workers[n].pid) return answer(-ESRCH, 0);
	if (how == '?') {
		struct pollfd there = { fileno(workers[n].in), POLLIN, 0 };
		if (!workers[n].busy) return answer(-ENOMSG, 0);
		return poll(&there, 1, atoi(text)) > 0 ? pass_on(n) : answer(-ETIMEDOUT, 0);
	}
	if (workers[n].busy) return answer(-EBUSY, 0);
	dprintf(fileno(workers[n].in), "%s\n", text + (*text == ' '));
	workers[n].busy = 1;
	if (how == '&') answer(0, 0);
	else pass_on(n);
}

static void serve(void) {
	while (fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '@' || line[0] == '&' || line[0] == '?') to_worker();
		else request(line);
	}
}

static long start_worker(void) {
	int n = 0, pair[2];
	while (n < WORKERS && workers[n].pid) n++;
	if (n == WORKERS) return -EAGAIN;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
	fflush(out);
	// Like fork, but the table of open files stays one: VFIO remembers whose memory a call named, not whose file it was.
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0) return -errno;
	if (pid == 0) {
		in = fdopen(pair[1], "r");
		out = fdopen(pair[1], "w");
		serve();
		_exit(0);
	}
	workers[n].in = fdopen(pair[0], "r");
	workers[n].far = pair[1];
	workers[n].busy = 0;
	workers[n].pid = pid;
	return n;
}

static void load_modules(void) {
	FILE *names = fopen("/modules.txt", "r");
	char entry[512];
	while (names && fgets(entry, sizeof entry, names)) {
		entry[strcspn(entry, "\n")] = 0;
		char *path = strtok(entry, " "), *params = strtok(NULL, "");
		if (path) {
			long result = module(path, params ? params : "");
			if (result < 0 && result != -EEXIST) printf("AGENT module %s: %ld\n", path, result);
		}
	}
}

int main(void) {
	mkdir("/proc", 0755); mkdir("/sys", 0755); mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, "");
	mount("sysfs", "/sys", "sysfs", 0, "");
	mount("devtmpfs", "/dev", "devtmpfs", 0, "");
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, "");
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, "");
	setvbuf(stdout, NULL, _IONBF, 0);
	load_modules();
	struct sigaction act = { .sa_handler = on_fault };
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	const char *channel = getenv("agent") ? getenv("agent") : "/dev/vport0p1";
	int fd = -1;
	for (int i = 0; i < 20000 && (fd = open(channel, O_RDWR | O_CLOEXEC)) < 0; i++) usleep(5000);
	if (fd < 0) { printf("AGENT cannot open %s: %d\n", channel, errno); reboot(RB_POWER_OFF); }
	in = fdopen(fd, "r");
	out = fdopen(dup(fd), "w");
	fputs("READY\n", out);
	fflush(out);
	serve();
	printf("AGENT channel closed\n");
	reboot(RB_POWER_OFF);
	return 0;
}
