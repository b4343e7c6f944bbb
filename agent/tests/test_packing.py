"""Archives out: whole, or none that could pass for one."""
import io
import os
import resource
import subprocess
import tarfile
import unittest
import zipfile
from unittest import mock

from case import AgentCase
from client import CallFailed
from clara_agent.archives import survey
from clara_agent.archives.pack import WRITERS, pack, write
from clara_agent.archives.packing_output import HEAD_BYTES, PackingOutput
from clara_agent.wire import codec

FORMS = "tar", "zip"
NOBODY = 65534


def in_child(work, is_nobody=False):
    """What `work()` returns as text, done by a process of its own, as a user without rights where there is one to be had."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if is_nobody and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            answer = str(work())
        except BaseException as error:
            answer = "%s: %s" % (type(error).__name__, error)
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer = file.read()
    os.waitpid(pid, 0)
    return answer


def names_in(data):
    """The names in an archive, folders without a slash; raises where it is none that is whole."""
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            assert file.testzip() is None
            return sorted(name.rstrip("/") for name in file.namelist())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return sorted(tar.getnames())


class Packing(AgentCase):
    number = 0

    def setUp(self):
        super().setUp()
        Packing.number += 1
        self.folder = "p%d" % Packing.number
        os.makedirs(self.sandbox.path(self.folder))
        os.chmod(self.sandbox.root, 0o755)
        self.addCleanup(os.chdir, os.getcwd())

    def tearDown(self):
        # Not by Python, which cannot go as deep.
        subprocess.run(["rm", "-rf", self.path()], check=True)

    def path(self, name=""):
        return os.path.join(os.fsencode(self.sandbox.path(self.folder)), os.fsencode(name)) if name else os.fsencode(self.sandbox.path(self.folder))

    def put(self, name, content=b""):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)

    def make_deep(self, depth, files=("file",)):
        self.python("import os\nos.chdir('%s')\nfor _ in range(%d):\n    os.mkdir('d')\n    os.chdir('d')\nfor n in %r:\n    open(n, 'w').write('x')" % (self.folder, depth, files))

    def packed(self, form, name=None):
        return self.client.call("pack", path=name or self.folder, format=form)

    def test_the_size_is_said_before_the_archive(self):
        self.put("a", os.urandom(1000))
        for form in FORMS:
            answer = self.packed(form)
            self.assertEqual(answer.events, [{"bytes": len(answer.out)}])
        self.put("b", os.urandom(5 << 20))
        for form, size in (("tar", lambda out: len(out)), ("zip", lambda out: None)):
            answer = self.packed(form)
            self.assertEqual(answer.events, [{"bytes": size(answer.out)}])
            self.assertEqual((answer.result["bytes"], names_in(answer.out)), (len(answer.out), ["a", "b"]))

    def test_a_tar_has_the_size_that_was_said_for_names_and_files_of_all_lengths(self):
        for length in 1, 98, 99, 100, 101, 250:
            self.put("n" * length, b"x" * (511 + length % 3))
            os.symlink("t" * length, self.path("l%d" % length))
            os.makedirs(self.path("d%d/%s" % (length, "e" * length)))
        self.put("big", bytes(5 << 20))
        answer = self.packed("tar")
        self.assertEqual((answer.events, len(answer.out) % 10240), ([{"bytes": len(answer.out)}], 0))
        self.assertEqual(len(names_in(answer.out)), answer.result["entries"])

    def test_a_tree_deeper_than_a_path_can_be_is_packed_in_little_memory(self):
        self.make_deep(8000)
        self.put("z", b"last")
        for form in FORMS:

            def packs():
                resource.setrlimit(resource.RLIMIT_AS, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + (96 << 20),) * 2)
                return pack(self.path(), form, os.open(os.devnull, os.O_WRONLY))["entries"]

            self.assertEqual(in_child(packs), "8002")

    def test_paths_longer_than_the_kernel_takes_are_packed(self):
        self.make_deep(3000)
        for form in FORMS:
            answer = self.packed(form)
            self.assertEqual(answer.result, {"entries": 3001, "bytes": len(answer.out)})
            self.assertIn("d/" * 3000 + "file", names_in(answer.out))

    def test_what_is_too_deep_or_too_much_is_refused_before_the_first_byte(self):
        self.make_deep(40, ["f%d" % number for number in range(100)])
        for limit in {"MAX_PATH_BYTES": 8000}, {"MAX_ENTRIES": 139}:
            with mock.patch.multiple(survey, **limit):
                for form in FORMS:
                    reader, writer = os.pipe()
                    answer = in_child(lambda: pack(self.path(), form, writer))
                    os.close(writer)
                    with os.fdopen(reader, "rb") as file:
                        self.assertEqual(file.read(), b"")
                    self.assertRegex(answer, "^Failure: .*in parts.$")

    def test_a_path_that_zip_cannot_hold_is_refused_before_the_first_byte(self):
        self.make_deep(0)
        self.python("import os\nos.chdir('%s')\nfor _ in range(330):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)" % self.folder)
        with self.assertRaises(CallFailed) as caught:
            self.packed("zip")
        self.assertEqual((caught.exception.code, self.packed("tar").result["entries"]), ("unsupported", 331))

    def test_what_cannot_be_read_is_refused_by_its_name_before_the_first_byte(self):
        self.put("readable", bytes(100))
        cases = {"sub/secret": 0o000, "sub/write-only": 0o200, "closed/": 0o000, "no-list/": 0o311, "no-enter/": 0o644}
        for name, mode in cases.items():
            self.put(name if not name.endswith("/") else name + "inside")
        for name, mode in cases.items():
            for form in FORMS:
                os.chmod(self.path(name), mode)
                reader, writer = os.pipe()
                answer = in_child(lambda: pack(self.path(), form, writer), is_nobody=True)
                os.close(writer)
                os.chmod(self.path(name), 0o755)
                with os.fdopen(reader, "rb") as file:
                    self.assertEqual(file.read(), b"")
                self.assertRegex(answer, "^Failure: Permission denied: %s" % name.rstrip("/"))
            os.chmod(self.path(name), 0o755)

    def test_pipes_sockets_and_devices_are_left_out(self):
        self.put("file", b"1")
        os.mkfifo(self.path("fifo"))
        self.python("import socket\nsocket.socket(socket.AF_UNIX).bind('%s/socket')" % self.folder)
        for form in FORMS:
            self.assertEqual(names_in(self.packed(form).out), ["file"])

    def begin(self, form):
        """A pack whose reader has stopped after the first bytes."""
        self.client.gives_credit = False
        number = self.client.open("pack", path=self.folder, format=form)
        answer = self.client.answers[number]
        self.client.wait(lambda: len(answer.out) == 262144)
        return number, answer

    def go_on(self, number):
        self.client.gives_credit = True
        self.client.send(codec.CREDIT, number, 0, (262144).to_bytes(4, "big"))

    def test_what_goes_wrong_on_the_way_leaves_no_archive_that_could_pass_for_one(self):
        changes = {
            "removed": lambda: os.unlink(self.path("b/file")),
            "a folder that is removed": lambda: os.rename(self.path("b"), self.path("elsewhere")),
            "truncated": lambda: os.truncate(self.path("b/file"), 10),
            "replaced by a folder": lambda: (os.unlink(self.path("b/file")), os.mkdir(self.path("b/file"))),
            "replaced by a link": lambda: (os.unlink(self.path("b/file")), os.symlink("/etc/passwd", self.path("b/file"))),
            "replaced by a pipe": lambda: (os.unlink(self.path("b/file")), os.mkfifo(self.path("b/file"))),
        }
        for what, change in changes.items():
            for form in FORMS:
                self.client.call("remove", path=self.folder, recursive=True)
                self.put("a/first", os.urandom(8 << 20))
                self.put("b/file", os.urandom(2 << 20))
                self.put("c/last", b"")
                number, answer = self.begin(form)
                change()
                self.go_on(number)
                with self.assertRaises(CallFailed, msg=what) as caught:
                    self.client.finish(number)
                self.assertEqual(caught.exception.code, "invalid")
                self.assertRegex(caught.exception.message, "changed.*b(/file)?;")
                self.assertGreater(len(answer.out), 4 << 20)
                self.assert_no_archive(form, answer.out)

    def assert_no_archive(self, form, data):
        self.write_file("part", data)
        commands = {"tar": [["tar", "-tf", "part"]], "zip": [["unzip", "-tqq", "part"]]}
        for command in commands[form]:
            done = subprocess.run(command, cwd=self.sandbox.workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertNotEqual(done.returncode, 0)

    def test_an_archive_that_ends_anywhere_before_its_end_is_none(self):
        for name in "a", "b", "d/c", "d/e/f", "g/h":
            self.put(name, name.encode() * 600)
            os.symlink("there", self.path(name + "-link"))
            self.put(name + "-empty")
        for form in FORMS:
            cuts = []
            output = PackingOutput(os.open(os.devnull, os.O_WRONLY))
            output.has_begun = True
            output._send = lambda size, kept: cuts.append(output.bytes - kept)
            looked = survey.Survey(WRITERS[form])
            looked.look(self.path())
            with mock.patch.object(output, "write", lambda data, most=0: PackingOutput.write(output, data, most)):
                write(looked.plan, WRITERS[form](output))
            whole = self.packed(form).out
            self.assertGreater(len(cuts), 8)
            for cut in cuts[:-1]:
                self.assert_no_archive(form, whole[:cut])

    def test_a_file_that_grows_is_cut_where_it_began(self):
        for form in FORMS:
            self.put("a", os.urandom(8 << 20))
            self.put("log", b"line\n")
            number, answer = self.begin(form)
            with open(self.path("log"), "ab") as file:
                file.write(b"more\n")
            os.rename(self.path("a"), self.path("a"))
            self.put("new")
            self.go_on(number)
            self.client.finish(number)
            self.assertEqual(names_in(answer.out), ["a", "log"])
            if form == "tar":
                with tarfile.open(fileobj=io.BytesIO(answer.out)) as tar:
                    self.assertEqual(tar.extractfile("log").read(), b"line\n")
            else:
                with zipfile.ZipFile(io.BytesIO(answer.out)) as file:
                    self.assertEqual(file.read("log"), b"line\n")
            os.unlink(self.path("new"))

    def test_a_small_folder_that_changes_is_packed_anew(self):
        self.put("a")
        for form in FORMS:
            self.put("b")
            real = survey.Survey.look

            def looks(self_, path):
                real(self_, path)
                if os.path.exists(self.path("b")):
                    os.unlink(self.path("b"))

            reader, writer = os.pipe()
            with mock.patch.object(survey.Survey, "look", looks):
                self.assertEqual(in_child(lambda: pack(self.path(), form, writer)["entries"]), "1")
            os.close(writer)
            with os.fdopen(reader, "rb") as file:
                self.assertEqual(names_in(file.read()[HEAD_BYTES:]), ["a"])

    def test_a_folder_that_never_rests_is_an_error(self):
        self.put("a")
        with mock.patch("clara_agent.archives.pack.write", side_effect=survey.Changed(b"a")):
            self.assertRegex(in_child(lambda: pack(self.path(), "tar", 1)), "^Changed: It changed while it was packed: a; try again.$")

    def test_set_id_bits_and_the_user_are_left_out(self):
        self.put("a")
        os.chmod(self.path("a"), 0o6755)
        with tarfile.open(fileobj=io.BytesIO(self.packed("tar").out)) as tar:
            member = tar.getmember("a")
        self.assertEqual((member.mode, member.uid, member.gid, member.uname), (0o755, 1000, 1000, ""))
        with zipfile.ZipFile(io.BytesIO(self.packed("zip").out)) as file:
            self.assertEqual(file.getinfo("a").external_attr >> 16, 0o100755)

    def test_times_that_a_format_cannot_hold_are_no_error(self):
        for number, seconds in enumerate((-(1 << 33), -1, 0, 1 << 31, 1 << 35)):
            self.put("t%d" % number)
            os.utime(self.path("t%d" % number), (seconds, seconds))
        for form in FORMS:
            self.assertEqual(len(names_in(self.packed(form).out)), 5)

    def test_names_in_a_zip_are_marked_as_utf8_where_they_are(self):
        for name in b"plain", "Gr\u00fc\u00dfe".encode(), b"caf\xe9", b"back\\slash":
            self.put(name)
        with zipfile.ZipFile(io.BytesIO(self.packed("zip").out)) as file:
            found = {info.orig_filename: bool(info.flag_bits & 0x800) for info in file.infolist()}
        self.assertEqual(found, {"plain": False, "Gr\u00fc\u00dfe": True, b"caf\xe9".decode("cp437"): False, "back\\slash": False})

    def test_other_tools_take_both_forms(self):
        self.put("sub/run", b"#!/bin/sh\necho ran\n")
        os.chmod(self.path("sub/run"), 0o755)
        os.symlink("sub/run", self.path("link"))
        self.put("L" * 150 + "/" + "M" * 150, b"long")
        for form, command in (("tar", ["tar", "-xf"]), ("zip", ["unzip", "-q"])):
            self.write_file("archive", self.packed(form).out)
            os.makedirs(self.sandbox.path("out-" + form))
            subprocess.run(command + [self.sandbox.path("archive")], cwd=self.sandbox.path("out-" + form), check=True)
            self.assertEqual(subprocess.check_output([self.sandbox.path("out-%s/link" % form)]), b"ran\n")
            self.assertEqual(self.read_file("out-%s/%s/%s" % (form, "L" * 150, "M" * 150)), b"long")


if __name__ == "__main__":
    unittest.main()
