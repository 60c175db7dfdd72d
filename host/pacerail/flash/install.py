"""The firmware onto a board that shows its console: what is missing is sent, checked, and switched to by one rename."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pacerail.errors import RailError
from pacerail.flash.layout import FRESH, KEPT, MAIN, Plan, Survey, needed_bytes, plan, pointer, room_bytes
from pacerail.flash.remote import Remote

OnProgress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


@dataclass(frozen=True)
class Work:
    """What has to be done on one board for its files to be there. Paths from its root."""

    plan: Plan
    survey: Survey
    send: Mapping[str, bytes]
    copy: Mapping[str, tuple[str, bytes]]
    """Path wanted to where the same contents lie on the board, and their SHA-256."""
    keep_main: bool
    """Another program's main.py is there."""

    @property
    def send_bytes(self) -> int:
        """What goes over the cable."""
        return sum(map(len, self.send.values()))

    @property
    def switches(self) -> bool:
        """Whether main.py has to start another folder than it does."""
        return self.survey.main != pointer(self.plan.folder)


def look(remote: Remote, files: Mapping[str, bytes]) -> Work:
    """What is missing on a board; changes nothing.

    Raises RailError for a computer's disk, and if flash has no room: the version that runs stays until the new one
    is there, so that both have to fit.
    """
    survey = remote.survey()
    planned = plan(files, survey)
    send: dict[str, bytes] = {}
    copy: dict[str, tuple[str, bytes]] = {}
    for path, candidates in planned.look_at.items():
        data = files[path.partition("/")[2]]
        want = hashlib.sha256(data).digest()
        same = next((there for there in candidates if remote.hash_of(there) == want), None)
        if same is None:
            send[path] = data
        elif same != path:
            copy[path] = same, want
    lengths = {path: len(files[path.partition("/")[2]]) for path in (*send, *copy)}
    need = needed_bytes(lengths, survey.folders, survey.block_bytes)
    free = survey.free_bytes + room_bytes(survey, planned.remove)
    if lengths and need > free:
        raise RailError(
            f"its flash has {free // 1024} KiB free, the new firmware takes {need // 1024} KiB beside the one that is "
            f"there; remove what else lies on the board ({_strangers(survey)})"
        )
    return Work(planned, survey, send, copy, survey.active is None and bool((survey.main or b"").strip()))


def _strangers(survey: Survey) -> str:
    others = [name for name in sorted(survey.names) if name != MAIN and name not in survey.versions]
    return ", ".join(others) or "mpremote fs ls shows it"


def install(remote: Remote, work: Work, progress: OnProgress, check: Callable[[], None] = lambda: None) -> None:
    """Do it. `check` is called between steps and may raise: the board is then as it was, but for room taken.

    Raises RailError if the board reads back other than what was written.
    """
    survey, folder = work.survey, work.plan.folder
    for path in work.plan.remove:
        check()
        remote.remove(path)
    gone = set(work.plan.remove)
    there = {path for path in survey.folders if path not in gone}
    done, whole = 0, work.send_bytes
    progress(0, whole)
    for path in (*work.copy, *work.send):
        check()
        for parent in reversed(PurePosixPath(path).parents):
            if str(parent) != "." and str(parent) not in there:
                remote.make_folder(str(parent))
                there.add(str(parent))
        if path in work.copy:
            same, want = work.copy[path]
            remote.copy(same, path + FRESH)
        else:
            data, before = work.send[path], done
            want = hashlib.sha256(data).digest()
            remote.write(path + FRESH, data, lambda sent, before=before: progress(before + sent, whole))
            done += len(data)
        _into_place(remote, path, want)
    if work.keep_main:
        remote.copy(MAIN, KEPT)
    if work.switches:
        check()
        switch(remote, folder)


def switch(remote: Remote, folder: str) -> None:
    """Let main.py start what is in a folder ("": the root): the one step from the old firmware to the new."""
    text = pointer(folder)
    remote.write(MAIN + FRESH, text, lambda _sent: None)
    _into_place(remote, MAIN, hashlib.sha256(text).digest())


def _into_place(remote: Remote, path: str, want: bytes) -> None:
    if remote.hash_of(path + FRESH) != want:
        raise RailError(f"its flash gave back another {path} than was written; run this again, or try another board")
    remote.rename(path + FRESH, path)
