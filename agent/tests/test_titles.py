"""What a user ends by name, or by user, is the user's; the agent and what it keeps waiting go on."""

from __future__ import annotations

import os
import sys
import unittest

from case import AgentCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Those that can be caught, and end a process that does not.
CATCHABLE = ("TERM", "HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "PIPE", "ABRT", "POLL", "PROF", "VTALRM", "RTMIN", "RTMAX")


def describe(pid: int) -> tuple[str, bytes]:
    """Name and command line of a process."""
    with open("/proc/%d/comm" % pid) as name, open("/proc/%d/cmdline" % pid, "rb") as line:
        return name.read().strip(), line.read()


class Titles(AgentCase):
    def own(self) -> tuple[Any, int]:
        """The agent and the zygote."""
        agent = self.client.hello["pid"]
        zygote = int(self.python("import os; print(os.getppid())").out)
        return agent, zygote

    def test_the_agent_and_what_it_keeps_waiting_have_names_of_their_own(self) -> None:
        agent, zygote = self.own()
        self.assertEqual(describe(agent), ("clara-agent", b"clara-agent\0"))
        self.assertEqual(describe(zygote), ("clara-zygote", b"clara-zygote\0"))
        # The one that waits is forked while the run before is answered.
        waiting: list[str] = []
        while not waiting:
            with open("/proc/%d/task/%d/children" % (zygote, zygote)) as children:
                waiting = children.read().split()
        self.assertEqual([describe(int(pid)) for pid in waiting], [("clara-zygote", b"clara-zygote\0")])

    def test_a_run_is_known_by_its_script(self) -> None:
        name = os.path.basename(sys.executable)
        out = self.python("import sys\nprint(open('/proc/self/comm').read(), open('/proc/self/cmdline').read(), sys.argv[0], sep='')").out.decode()
        found, line = out.split("\n", 1)
        title, script = line.rstrip("\n").split("\0")
        self.assertEqual((found, title), (name[:15], "%s -u %s" % (name, script)))

    def test_a_program_of_the_user_is_found_by_its_name(self) -> None:
        self.python("import os, time\nif os.fork() == 0:\n    os.setsid()\n    open('child', 'w').write(str(os.getpid()))\n    time.sleep(100)\nwhile not os.path.exists('child') or not open('child').read(): pass")
        pid = int(self.read_file("child"))
        self.assertEqual(describe(pid)[0], os.path.basename(sys.executable)[:15])
        self.shell("kill %d; while kill -0 %d; do :; done" % (pid, pid))

    def test_signals_that_can_be_caught_leave_the_agent_and_what_waits_as_they_are(self) -> None:
        before = self.own()
        spare = self.shell("cat /proc/%d/task/%d/children" % (before[1], before[1])).out.decode().split()
        for name in CATCHABLE:
            self.shell("kill -%s %d %d %s" % (name, *before, " ".join(spare)))
        self.assertEqual(self.own(), before)
        self.assertFalse(self.client.is_closed)

    def test_a_run_does_not_hear_what_was_sent_while_its_process_waited(self) -> None:
        _, zygote = self.own()
        for _ in range(3):
            self.shell("for name in %s; do kill -$name $(cat /proc/%d/task/%d/children); done" % (" ".join(CATCHABLE), zygote, zygote))
            answer = self.python("import signal; print(signal.sigpending(), signal.pthread_sigmask(0, []))")
            self.assertEqual((answer.out, answer.result["signal"]), (b"set() set()\n", None))

    def test_programs_of_a_run_can_be_ended_as_anywhere(self) -> None:
        for source in "python", "shell":
            answer = self.client.run(source, "import os; os.kill(os.getpid(), 15)" if source == "python" else "kill $$")
            self.assertEqual(answer.result["signal"], "SIGTERM")
        self.assertEqual(self.client.run("argv", argv=["sh", "-c", "kill $$"]).result["signal"], "SIGTERM")
        self.assertEqual(self.shell("sleep 100 & kill $!; wait $!").result["exitCode"], 143)
        self.assertEqual(self.python("import subprocess as s\np = s.Popen(['sleep', '100']); p.terminate(); print(p.wait())").out, b"-15\n")


if __name__ == "__main__":
    unittest.main()
