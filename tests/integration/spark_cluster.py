"""A real Spark on this machine: a standalone master and one worker, on loopback, until the tests end."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

READY = {"master": "I have been elected", "worker": "Successfully registered with master"}


def find_reason():
    """Why Spark cannot run here, or nothing."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed (pip install 'lightwell[spark]')"
    if shutil.which("java") is None:
        return "java is not installed (apt-get install openjdk-17-jre-headless)"
    return ""


def find_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def start_cluster(folder):
    """Start a master and a worker with two cores; gives the address of the master."""
    import pyspark

    home = Path(pyspark.__file__).parent
    port, web = find_port(), find_port()
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_NO_DAEMONIZE": "1",
    }
    # A worker's Python, if one were started, is ours.
    address = f"spark://127.0.0.1:{port}"
    runner = str(home / "bin" / "spark-class")
    master = [
        runner, "org.apache.spark.deploy.master.Master",
        "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(web),
    ]  # fmt: skip
    worker = [
        runner, "org.apache.spark.deploy.worker.Worker",
        "--host", "127.0.0.1", "--cores", "2", "--memory", "1g",
        "--work-dir", str(folder / "work"), "--webui-port", str(find_port()), address,
    ]  # fmt: skip
    started = []
    try:
        for name, command in (("master", master), ("worker", worker)):
            log = (folder / f"{name}.log").open("wb")
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            wait_for(folder / f"{name}.log", READY[name])
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(20)


def wait_for(log, words, seconds=90):
    ends = time.monotonic() + seconds
    while words not in log.read_text(errors="replace"):
        if time.monotonic() > ends:
            raise AssertionError(
                f"{log.name} never said “{words}”:\n{log.read_text(errors='replace')[-2000:]}"
            )
        time.sleep(0.2)
