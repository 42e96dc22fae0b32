"""How the runner ends a process that has children with work in hand."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from honcho.compat import ProcessManager

from repairhub.ops.start.runner import LeadersFirst
from repairhub.ops.start.watchdog import end_groups
from tests.ops.processes import left_after, marked, new_mark

# A leader with one child in the middle of its work, as a Celery worker with its pool. The child writes
# "done" where it may finish; TERM ends it at once, as it ends a pool child.
LEADER = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
print("ready", flush=True)
while not asked:
    time.sleep(0.02)
sys.exit(child.wait())
"""
CHILD = "import sys, time; time.sleep(1); open(sys.argv[1], 'w').write('done')"


@pytest.fixture
def mark():
    return new_mark()


def start(mark: dict[str, str], note: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER, str(note), CHILD],
        env=mark,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return process


class TestTerminate:
    def test_the_leader_ends_its_children_when_their_work_is_done(self, mark, tmp_path):
        note = tmp_path / "note"
        process = start(mark, note)
        LeadersFirst().terminate(process.pid)
        assert process.wait(20) == 0
        assert note.read_text() == "done"

    def test_control_term_to_the_group_ends_a_child_in_the_middle(self, mark, tmp_path):
        note = tmp_path / "note"
        process = start(mark, note)
        ProcessManager().terminate(process.pid)
        assert process.wait(20) != 0
        assert not note.exists()


class TestEndGroups:
    def test_children_without_their_leader_are_ended_too(self, mark, tmp_path):
        process = start(mark, tmp_path / "note")
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        assert marked(mark)
        end_groups([process.pid])
        assert left_after(mark, 5) == []
