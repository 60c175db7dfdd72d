"""Runs the test functions of one module under MicroPython: micropython run_on_micropython.py FIRMWARE MODULE [ARG ...]

Prints "NAME ok" for each, then how many there were; a traceback and exit code 1 if one fails. What comes after MODULE
is left in sys.argv[3:] for the module.
"""

import sys

tests_folder = sys.argv[0].rsplit("/", 1)[0]
sys.path[:] = [sys.argv[1], tests_folder, ".frozen"]
module = __import__(sys.argv[2])
names = sorted(name for name in dir(module) if name.startswith("test_"))
failed = 0
for name in names:
    try:
        getattr(module, name)()
        print(name, "ok")
    except Exception as error:
        failed += 1
        print(name, "FAILED")
        sys.print_exception(error)
print(len(names), "tests,", failed, "failed")
sys.exit(1 if failed or not names else 0)
