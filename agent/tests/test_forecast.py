"""Whether a script may have modules that were imported ahead, told from its text."""

from __future__ import annotations

import os
import shutil
import tempfile
import unittest

import client  # noqa: F401  finds the agent's package
from clara_agent.python.forecast import MAX_TEXT, Forecast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ALL = "import numpy, pandas, matplotlib\n"

FITTING = {
    "imports one": "import pandas",
    "imports from one": "from matplotlib import pyplot",
    "imports a part of one": "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas",
    "imports several": "import os, pandas as pd",
    "continues its line": "import os, \\\n    pandas",
    "has it behind another statement": "import os; import pandas",
    "imports in a function": "def f():\n    import pandas\nf()",
    "has a fallback that is not needed": "try:\n    " + ALL + "except ImportError:\n    import subprocess\n    subprocess.check_call(['pip', 'install', 'pandas'])",
    "reads variables": "import os\nprint(os.environ['A'], os.environ.get('A'), os.getenv('A'), 'B' in os.environ, os.environ['A'] == 'x', os.environ['A'] != 'x')\nimport pandas",
    "changes variables when all is imported": ALL + "import os\nos.environ['A'] = '1'",
    "starts programs afterwards": "import pandas\nimport subprocess\nsubprocess.run(['ls'])",
    "evaluates a table": "import pandas\npandas.DataFrame().eval('a')",
    "looks at what is imported": "import sys\nprint('pandas' in sys.modules)\nimport pandas",
    "looks where modules are looked for": "import sys\nprint(sys.path, sys.path[0], 'x' in sys.path)\nimport pandas",
    "hides warnings": "import warnings\nwarnings.filterwarnings('ignore')\nimport pandas",
    "imports what is not there": "import nowhere, pandas",
}

NOT_FITTING = {
    "imports nothing": "print(1)",
    "imports something else": "import json\nimport numpy2, pandas_ta",
    "only names it": "x = 'pandas'\nimport os",
    "sets a variable": "import os\nos.environ['A'] = '1'\nimport pandas",
    "sets a variable in one line": "import os; os.environ['A'] = '1'; import pandas, numpy, matplotlib",
    "sets a variable that has a default": "import os\nos.environ.setdefault('A', '1')\nimport pandas",
    "adds to a variable": "import os\nos.environ['A'] += '1'\nimport pandas",
    "updates variables": "import os\nos.environ |= {}\nimport pandas",
    "deletes a variable": "import os\ndel os.environ['A']\nimport pandas",
    "hands variables on": "import os\nf(os.environ)\nimport pandas",
    "has another name for the variables": "from os import environ as e\ne['A'] = '1'\nimport pandas",
    "puts a variable": "import os\nos.putenv('A', '1')\nimport pandas",
    "reads variables from a file": "from dotenv import load_dotenv\nload_dotenv()\nimport pandas",
    "sets a variable before what it does not name": "import pandas\nimport os\nos.environ['A'] = '1'\npandas.DataFrame().plot()",
    "sets a variable before a function that imports": "def f():\n    " + ALL + "import os\nos.environ['A'] = '1'\nf()",
    "sets a variable after an import that does not run": "if 0:\n    " + ALL + "import os\nos.environ['A'] = '1'\nimport numpy",
    "sets a variable after an import in a text": '"""\n' + ALL + '"""\nimport os\nos.environ["A"] = "1"\nimport pandas',
    "sets a variable after an import in a string": "x = '; " + ALL.strip() + "'\nimport os\nos.environ['A'] = '1'\nimport numpy",
    "changes its folder": "import os\nos.chdir('x')\nimport matplotlib",
    "changes where modules are looked for": "import sys\nsys.path.insert(0, 'x')\nimport pandas",
    "has another name for where modules are looked for": "import sys\np = sys.path\np.append('x')\nimport pandas",
    "imports where modules are looked for": "from sys import argv, path\npath.append('x')\nimport pandas",
    "appends to where modules are looked for": "import sys\nsys.path += ['x']\nimport pandas",
    "changes what is imported": "import sys\nsys.modules['pandas'] = None\nimport pandas",
    "writes a setting": "open('matplotlibrc', 'w').write('figure.dpi: 50')\nimport matplotlib",
    "writes a module": "open('pandas.py', 'w').write('x = 1')\nimport pandas",
    "installs": "import subprocess\nsubprocess.check_call(['pip', 'install', 'x'])\nimport pandas",
    "starts a program before": "import os\nos.system('true')\nimport pandas",
    "runs a text before": "exec(text)\nimport pandas",
    "makes warnings errors": "import warnings\nwarnings.simplefilter('error')\nimport pandas",
    "imports by a function": "import importlib\nimportlib.import_module('pandas')",
    "is too long": "import pandas\n" + "#" * MAX_TEXT,
}


class Forecasts(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.forecast = Forecast(["numpy", "pandas", "matplotlib.pyplot"])

    def fits(self, source: Any) -> bool:
        return self.forecast.fits(bytearray(source.encode()), os.fsencode(self.folder))

    def write(self, name: str, text: Any) -> None:
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def test_a_script_that_only_imports_may_have_them(self) -> None:
        self.assertEqual([name for name, source in FITTING.items() if not self.fits(source)], [])

    def test_a_script_that_needs_none_or_changes_what_they_read_may_not(self) -> None:
        self.assertEqual([name for name, source in NOT_FITTING.items() if self.fits(source)], [])

    def test_what_modules_of_the_workspace_import_counts(self) -> None:
        self.write("helper.py", "import inner")
        self.assertFalse(self.fits("import helper"))
        self.write("inner.py", "import pandas")
        self.assertTrue(self.fits("import helper"))
        self.write("package/part.py", "import pandas")
        self.assertTrue(self.fits("from package.part import x"))

    def test_what_modules_of_the_workspace_change_counts(self) -> None:
        self.write("helper.py", "import inner")
        self.write("inner.py", "import os\nos.environ['A'] = '1'")
        self.assertFalse(self.fits("import helper\nimport pandas"))
        self.assertTrue(self.fits(ALL + "import helper"))
        self.write("package/deep/part.py", "import os\nos.chdir('/')")
        self.assertFalse(self.fits("import package\nimport pandas"))

    def test_modules_that_import_each_other_are_read_once(self) -> None:
        self.write("one.py", "import two, pandas")
        self.write("two.py", "import one")
        self.assertTrue(self.fits("import one"))

    def test_what_cannot_be_read_leaves_a_doubt(self) -> None:
        for number in range(100):
            self.write("large/part%d.py" % number, "")
        self.assertFalse(self.fits("import large, pandas"))
        self.write("long.py", "#" * MAX_TEXT)
        self.assertFalse(self.fits("import long, pandas"))

    def test_what_is_no_file_is_no_module(self) -> None:
        os.mkfifo(os.path.join(self.folder, "pipe.py"))
        self.write("linked/x.txt", "")
        os.symlink("..", os.path.join(self.folder, "linked/up.py"))
        self.assertTrue(self.fits("import pipe, linked, pandas"))


if __name__ == "__main__":
    unittest.main()
