"""After matplotlib.font_manager: fonts of other systems have a like one of the image, and what a font lacks is drawn from others.

The image's fonts are in fonts.json, which make-fonts.py writes beside this file when the image is built.
"""
import dataclasses
import json
import os
import shutil
import sys

FOLDER = "/usr/lib/clara/python"


def before(module):
    """The list of fonts that matplotlib makes on first use is there already; who has fonts of their own gets one with those."""
    try:
        home = os.path.expanduser("~")
        if any(map(os.path.exists, (os.path.join(os.environ.get("XDG_DATA_HOME") or home + "/.local/share", "fonts"), home + "/.fonts"))):
            return
        cache = sys.modules["matplotlib"].get_cachedir()
        for name in os.listdir(FOLDER):
            path = os.path.join(cache, name)
            if name.startswith("fontlist-") and not os.path.exists(path):
                temporary = "%s.%d" % (path, os.getpid())
                shutil.copyfile(os.path.join(FOLDER, name), temporary)
                os.replace(temporary, path)
    except (OSError, KeyError, TypeError, AttributeError):
        pass  # It is made then.


def after(module):
    """Adds the families and the last resorts of fonts.json."""
    try:
        with open(os.path.join(FOLDER, "fonts.json"), encoding="utf-8") as file:
            fonts = json.load(file)
        _name_alike(module, fonts["alike"])
        _fall_back(module, fonts["last"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # A matplotlib that is made otherwise draws as it does elsewhere.


def _name_alike(module, alike):
    """Families that are not installed mean one that is; the real one, once it is added, comes before."""
    manager = module.fontManager
    fields = {field.name for field in dataclasses.fields(module.FontEntry)}
    known = {entry.name for entry in manager.ttflist}
    ours = [module.FontEntry(**{key: value for key, value in entry.items() if key in fields}) for entry in alike if entry["name"] not in known]
    manager.ttflist += ours
    add = manager.addfont

    def addfont(path, *rest, **named):
        add(path, *rest, **named)
        added = manager.ttflist[-1].name
        manager.ttflist[:] = [entry for entry in manager.ttflist if not (entry.name == added and any(entry is one for one in ours))]

    manager.addfont = addfont


def _fall_back(module, last):
    """Each text is drawn with these fonts too, where the ones that are asked for have no glyph."""
    kind = module.FontManager
    find = kind._find_fonts_by_props
    last = [path for path in last if os.path.exists(path)]

    def _find_fonts_by_props(self, prop, fontext="ttf", *rest, **named):
        paths = find(self, prop, fontext, *rest, **named)
        return paths + [path for path in last if path not in paths] if fontext == "ttf" else paths

    kind._find_fonts_by_props = _find_fonts_by_props
