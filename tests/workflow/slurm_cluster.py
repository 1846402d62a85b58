"""A SLURM cluster of one node for a test: two partitions, one declared GPU, no database.

It needs Debian's slurm-wlm and munge and the rights of root; it is all in one temporary folder.
"""

import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "munged")

SLURM_CONF = """ClusterName=test
SlurmctldHost={host}(localhost)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
MinJobAge=600
KillWait=2
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 Gres=gpu:1
PartitionName=cpu Nodes={host} Default=YES State=UP
PartitionName=gpu Nodes={host} State=UP
"""

SRUN = """#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""
"""Snakemake takes SLURM's variables away from the steps of a job, the place of its file too."""


def missing():
    """What keeps the cluster from being started here, in words; None when it can be."""
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    if absent:
        return f"no {', '.join(absent)} here: apt-get install slurm-wlm munge"
    if os.getuid() != 0:
        return "a cluster of one node is started by root only"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "Snakemake's SLURM executor is missing: pip install -r requirements-slurm.lock"
    return None


@contextmanager
def started():
    """A cluster that ends with the block: the variables by which SLURM's commands find it."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: names of sockets are
    try:
        _configure(folder)
        _call("munged", *_munge_options(folder))
        _call("slurmctld", "-c", "-f", folder / "slurm.conf")
        _call("slurmd", "-f", folder / "slurm.conf")
        variables = {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
        }
        _wait_until_idle(os.environ | variables)
        yield variables
    finally:
        for name in ("slurmd", "slurmctld", "munged"):
            _end(folder / f"{name}.pid")
        shutil.rmtree(folder)


def _configure(folder):
    host = socket.gethostname().partition(".")[0]
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    os.mknod(folder / "gpu0", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    conf = SLURM_CONF.format(host=host, folder=folder, ports=_free_ports(2))
    (folder / "slurm.conf").write_text(conf)
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File={folder}/gpu0\n")
    (folder / "bin/srun").write_text(SRUN.format(folder=folder, srun=shutil.which("srun")))
    (folder / "bin/srun").chmod(0o755)
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)


def _munge_options(folder):
    files = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "log", "seed")]
    pid = f"--pid-file={folder}/munged.pid"
    return ["--force", f"--socket={folder}/munge.socket", pid, *files]


def _end(pid_file, timeout_s=20):
    """End a daemon and wait for it: it still writes to its folder."""
    if not pid_file.exists():
        return
    process = Path("/proc", pid_file.read_text().strip())
    os.kill(int(process.name), signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.1)


def _free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _call(*command, env=None):
    words = [str(word) for word in command]
    done = subprocess.run(words, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def _wait_until_idle(variables, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while "idle" not in _call("sinfo", "-h", "-o", "%t", env=variables):
        assert time.monotonic() < deadline, "the node does not come up"
        time.sleep(0.2)
