"""The service's own journal: a journald of ours with our settings is written full, and thins itself out."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.programs import needed
from tests.support.source import ROOT

CONF = ROOT / "deploy" / "linux" / "journald@chusho119.conf"
LINES = 40_000
ROOM = {"SystemMaxUse": "20M", "SystemMaxFileSize": "4M"}
SCRIPT = r"""
set -eu
mount -t tmpfs none /run && mkdir -p /run/systemd /run/log
mount -t tmpfs none /var/log && mkdir /var/log/journal
conf=$(cat "$2")
mount -t tmpfs none /etc/systemd && printf '%s\n' "$conf" > /etc/systemd/journald@chusho119.conf
[ -s /etc/machine-id ] || { echo "this machine has no /etc/machine-id: systemd-machine-id-setup makes one"; exit 1; }
"$1" chusho119 & journald=$!
for _ in $(seq 100); do [ -S /run/systemd/journal.chusho119/stdout ] && break; sleep 0.05; done
"$3" -c '
import os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect("/run/systemd/journal.chusho119/stdout")
line.sendall(b"chusho119\n\n6\n0\n0\n0\n0\n")
for number in range(int(sys.argv[1])):
    line.sendall(b"line %d %s\n" % (number, os.urandom(400).hex().encode()))
' "$4"
sleep 1
du --block-size=1M --summarize /var/log/journal | cut -f 1
journalctl --directory=/var/log/journal/"$(cat /etc/machine-id)".chusho119 --output=cat --quiet | cut -d ' ' -f 2
kill $journald
"""


def test_the_journal_is_kept_small_and_loses_no_new_line(tmp_path: Path):
    """With a fiftieth of the room; nothing is dropped for coming fast, and what goes is the oldest."""
    small = tmp_path / "journald.conf"
    text = CONF.read_text()
    for name, size in ROOM.items():
        assert re.search(rf"(?m)^{name}=", text)
        text = re.sub(rf"(?m)^{name}=.*", f"{name}={size}", text)
    small.write_text(text)
    journald = needed("systemd-journald", "systemd")
    words = ["bash", "-c", SCRIPT, "-", journald, str(small), sys.executable, str(LINES)]
    command = [needed("unshare", "util-linux"), "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    size, *lines = done.stdout.split()
    kept = list(map(int, lines))
    assert int(size) <= 24
    assert len(kept) > 1000
    assert kept == list(range(kept[0], LINES)), "the newest are all there, in order"
    assert kept[0] > 0, "the oldest went"
