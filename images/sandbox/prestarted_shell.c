/*
 * Loaded into a bash that the agent starts ahead (LD_PRELOAD): waits for the command before main() begins, so that the start of a
 * process and the work of the dynamic linker are done by then. What bash sees is an ordinary `bash -c COMMAND`.
 *
 * Standard output is a socket. On it comes one message: the working folder, the command and the environment, each ended by a NUL,
 * with the descriptors of standard output and standard error. agent/clara_agent/processes/prestarted_shell.py is the other end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What bash is started with in the place of the command, so that the command shows in lists of processes. */
enum { COMMAND = 2, MESSAGE_BYTES = 1 << 18 };

static char message[MESSAGE_BYTES];

static void fail(const char *name) {
	const char *reason = strerror(errno);
	int code = errno == ENOENT ? 127 : 126;
	if (write(2, name, strlen(name)) < 0 || write(2, ": ", 2) < 0 || write(2, reason, strlen(reason)) < 0 || write(2, "\n", 1) < 0) _exit(code);
	_exit(code);
}

/* Receives the message and puts its descriptors in their places; its length. */
static ssize_t receive(void) {
	char control[CMSG_SPACE(2 * sizeof(int))];
	struct iovec part = {message, MESSAGE_BYTES - 1};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t size;
	do size = recvmsg(1, &header, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	if (size <= 0 || !rights || rights->cmsg_len != CMSG_LEN(2 * sizeof(int))) _exit(0);
	int outputs[2];
	memcpy(outputs, CMSG_DATA(rights), sizeof outputs);
	for (int number = 0; number < 2; number++) {
		if (dup2(outputs[number], number + 1) < 0) _exit(126);
		close(outputs[number]);
	}
	return size;
}

/* A session of its own, to which what it leaves behind belongs; the first to go where memory runs out. */
static void become_run(void) {
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* The C library's own signals, which posix_spawn() leaves ignored and sigaction() does not touch. */
	static const long by_default[4];
	for (int signal = 32; signal < 34; signal++) syscall(SYS_rt_sigaction, signal, by_default, NULL, 8);
	int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (file < 0) return; /* Some runtimes have no such file. */
	if (write(file, "1000", 4) < 0) errno = 0;
	close(file);
}

__attribute__((constructor)) static void wait_for_command(int argc, char **argv, char **envp) {
	if (argc <= COMMAND) return;
	int slots = 0;
	while (envp[slots]) slots++;
	become_run();
	/* Nobody of the same user may change what is going to run. */
	prctl(PR_SET_DUMPABLE, 0);
	ssize_t size = receive();
	prctl(PR_SET_DUMPABLE, 1);
	char *end = message + size;
	char *folder = message;
	char *command = folder + strlen(folder) + 1;
	if (command >= end) _exit(126);
	char *next = command + strlen(command) + 1;
	int filled = 0;
	for (; next < end && filled < slots; next += strlen(next) + 1) envp[filled++] = next;
	envp[filled] = NULL;
	size_t room = strlen(argv[COMMAND]);
	memset(argv[COMMAND], 0, room);
	if (strlen(command) <= room) strcpy(argv[COMMAND], command);
	else {
		memcpy(argv[COMMAND], command, room);
		argv[COMMAND] = command;
	}
	if (chdir(folder)) fail(argv[0]);
}
