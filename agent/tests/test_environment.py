"""What a run inherits."""
import os
import unittest

from case import AgentCase
from clara_agent.host.environment import environment_of


class Environment(unittest.TestCase):
    def test_scripts_of_installed_packages_are_found_first(self) -> None:
        environment = environment_of({b"PATH": b"/usr/bin:/bin", b"HOME": b"/root"}, {"packages": "/packages", "env": {"HOME": "/home/user"}})
        self.assertEqual(environment, {b"PATH": b"/packages/bin:/usr/bin:/bin", b"HOME": b"/home/user"})

    def test_an_image_without_a_path_gets_the_default_one_too(self) -> None:
        environment = environment_of({}, {"packages": "/packages"})
        self.assertEqual(environment, {b"PATH": b"/packages/bin:" + os.defpath.encode()})

    def test_a_path_of_the_configuration_stays_as_it_is(self) -> None:
        environment = environment_of({b"PATH": b"/bin"}, {"packages": "/packages", "env": {"PATH": "/only"}})
        self.assertEqual(environment, {b"PATH": b"/only"})

    def test_the_agents_own_environment_stays_as_it_is(self) -> None:
        inherited = {b"PATH": b"/bin"}
        environment_of(inherited, {"packages": "/packages"})
        self.assertEqual(inherited, {b"PATH": b"/bin"})


class Paths(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        folder = os.path.join(self.sandbox.packages, "bin")
        os.makedirs(folder, exist_ok=True)
        script = os.path.join(folder, "greet")
        with open(script, "w") as file:
            file.write("#!/bin/sh\necho hello\n")
        os.chmod(script, 0o755)

    def test_an_installed_script_is_run_by_its_name(self) -> None:
        self.assertEqual(self.client.run("argv", argv=["greet"]).out, b"hello\n")
        self.assertEqual(self.shell("greet").out, b"hello\n")
        self.assertEqual(self.python("import subprocess; print(subprocess.check_output(['greet']))").out, b"b'hello\\n'\n")

    def test_a_run_may_have_a_path_of_its_own(self) -> None:
        self.assertEqual(self.shell("echo $PATH; greet", env={"PATH": "/bin"}).out, b"/bin\n")
        self.assertEqual(self.python("import os; print(os.environ['PATH'])", env={"PATH": "/bin"}).out, b"/bin\n")


if __name__ == "__main__":
    unittest.main()
