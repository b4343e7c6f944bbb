/*
 * The first process of a sandbox, which keeps it up. Nothing inside can end it: the kernel gives the first process no signal that it
 * does not handle. What is left to it as a parent is reaped by the kernel, since it ignores SIGCHLD.
 * Other images have a sleep in this place: src/engines/hardening/first-process.ts.
 */
#include <signal.h>
#include <unistd.h>

int main(void) {
	signal(SIGCHLD, SIG_IGN);
	for (;;) pause();
}
