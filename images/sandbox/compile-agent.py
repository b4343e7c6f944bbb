"""compile-agent.py AGENT TARGET: compiles each module of the agent, so that no start of a sandbox has to."""

import marshal
import os
import runpy
import sys

agent, target = sys.argv[1:]
bootstrap = runpy.run_path(os.path.join(agent, "bootstrap.py"), run_name="bootstrap")
package = os.path.join(agent, "clara_agent")
os.makedirs(target)
for folder, _, files in os.walk(package):
    for file in files:
        if not file.endswith(".py") or file == "__init__.py":
            continue
        path = os.path.join(folder, file)
        with open(path, encoding="utf-8", newline="") as module:
            source = module.read()
        name = os.path.relpath(path, package)[: -len(".py")].replace(os.sep, ".")
        code = bootstrap["compile_source"](source, "<clara_agent>/%s.py" % name.replace(".", "/"))
        with open(os.path.join(target, name), "wb") as compiled:
            compiled.write(bootstrap["stamp_of"](source) + marshal.dumps(code))
