# SPDX-License-Identifier: Apache-2.0
"""Runs a command under the system call rules of a systemd unit, as systemd's own seccomp filters would: which calls,
which address families, no memory that is written and executed; and without capabilities.
Usage: confined.py UNIT COMMAND [ARGUMENT...]"""

import ctypes
import errno
import os
import re
import subprocess
import sys

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp"""

    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self, default):
        self.library = ctypes.CDLL("libseccomp.so.2")
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.seccomp_init(default))

    def add(self, action, call, *comparisons):
        number = self.library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # of another architecture
        array = (Comparison * len(comparisons))(*comparisons)
        code = self.library.seccomp_rule_add_array(self.context, action, number, len(comparisons), array)
        assert code == 0, f"{call}: {os.strerror(-code)}"

    def load(self):
        code = self.library.seccomp_load(self.context)
        assert code == 0, os.strerror(-code)


def members(group):
    """The system calls of a group such as @system-service."""
    listed = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", group], capture_output=True, text=True, check=True).stdout
    calls = set()
    for line in listed.splitlines()[1:]:
        name = line.strip()
        if name.startswith("@"):
            calls |= members(name)
        elif name and not name.startswith("#"):
            calls.add(name)
    return calls


def allowed(unit):
    calls = members("@default")
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        named = set()
        for name in line.removeprefix("~").split():
            named |= members(name) if name.startswith("@") else {name}
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def drop_capabilities(unit):
    """As an empty CapabilityBoundingSet= does: not even root has any after exec."""
    assert re.search(r"^CapabilityBoundingSet=$", unit, re.MULTILINE)
    capability = 0
    while ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1


def main():
    unit = open(sys.argv[1]).read()
    drop_capabilities(unit)
    families = re.search(r"^RestrictAddressFamilies=(.*)$", unit, re.MULTILINE).group(1).split()
    calls = allowed(unit)
    assert ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert "SystemCallErrorNumber=EPERM" in unit and "MemoryDenyWriteExecute=yes" in unit

    memory = Filter(ALLOW)
    both = PROT_WRITE | PROT_EXEC
    memory.add(ERRNO | errno.EPERM, "mmap", Comparison(2, MASKED_EQUAL, both, both))
    memory.add(ERRNO | errno.EPERM, "mprotect", Comparison(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    sockets = Filter(ERRNO | errno.EAFNOSUPPORT)
    for call in members("@known") - {"socket"}:
        sockets.add(ALLOW, call)
    for family in families:
        sockets.add(ALLOW, "socket", Comparison(0, EQUAL, FAMILIES[family], 0))
    listed = Filter(ERRNO | errno.EPERM)
    for call in calls:
        listed.add(ALLOW, call)
    memory.load()
    sockets.load()
    listed.load()
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
