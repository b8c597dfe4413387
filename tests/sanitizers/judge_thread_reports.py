# SPDX-License-Identifier: Apache-2.0
"""Prints the reports of ThreadSanitizer that count, and ends with 1 if there are any. Usage: judge_thread_reports.py FOLDER

gRPC's libraries are not built with it, so it sees nothing of how they hand a call from thread to thread, and reports
what their headers, compiled into our program, read and write. A race counts when both accesses are our own code's:
the innermost frame that is not the standard library's stands in our tree; not so that of a call's messages, made where
gRPC reads the request, with their end, where gRPC has let go of the call. So does a thread that nobody joins when our
code made it. All other kinds of report count."""

import pathlib
import re
import sys

OURS = re.compile(r"\.\./(server|runtime|proto|tests|kernels)/")
STANDARD = re.compile(r"libsanitizer|/usr/include/c\+\+/")
EVENT = {
    "data race": re.compile(r"^  (?:Previous )?(?:atomic )?(?:read|write) of size", re.IGNORECASE | re.MULTILINE),
    "thread leak": re.compile(r"^  Thread .* created by ", re.MULTILINE),
}
# In gRPC's headers: where a call's messages are made, and where they end.
MADE, ENDED = "UnaryHandler<", "::CallOnDone()"


def is_hand_over(accesses):
    """gRPC's queue, which the sanitizer does not see, lies between a call's first line and its last."""
    made = [any(MADE in frame and "::Deserialize(" in frame for frame in stack) for stack in accesses]
    ended = [any(MADE in frame and ENDED in frame for frame in stack) for stack in accesses]
    return len(accesses) == 2 and any(made) and any(ended)


def stacks(report, event):
    """Of the two accesses, or where the thread was made; innermost frame first."""
    for block in report.split("\n\n"):
        if event.search(block):
            yield re.findall(r"^    #\d+ (.*)$", block, re.MULTILINE)


def counts(report):
    event = next((pattern for kind, pattern in EVENT.items() if report.startswith(kind + " ")), None)
    if event is None:
        return True
    accesses = list(stacks(report, event))
    if is_hand_over(accesses):
        return False
    for stack in accesses:
        own = next((frame for frame in stack if not STANDARD.search(frame)), "")
        if not OURS.search(own):
            return False
    return True


def main():
    found, dismissed = [], 0
    for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        for report in file.read_text(errors="replace").split("WARNING: ThreadSanitizer: ")[1:]:
            if counts(report):
                found.append(f"{file}\n{report}")
            else:
                dismissed += 1
    print("\n".join(found))
    print(f"ThreadSanitizer: {len(found)} reports; {dismissed} on what gRPC hands from thread to thread dismissed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
