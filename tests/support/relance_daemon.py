"""A `relance serve` of a test: started on a free loopback port, polled with a deadline, stopped or killed.

Needs nothing but Python's own library. The binary is the environment variable RELANCE_BINARY.
"""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

BINARY = os.environ.get("RELANCE_BINARY")
if not BINARY:
    sys.exit("RELANCE_BINARY is not set: it names the binary to test, for example build/release/bin/relance")
SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """What a test found wrong, in one sentence."""


def wait_for(what, probe, seconds=60.0):
    """Polls until probe() answers something true; the deadline is a failure that says what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failure(f"no {what} within {seconds:.0f} s")
        time.sleep(0.005)  # between two looks, not instead of one


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))} failed: {done.stderr[-500:]}")
    return done.stdout.strip()


class Daemon:
    def __init__(self, folder, settings):
        """`settings`: the configuration as a dictionary (JSON is YAML); the port is free, data lie in `folder`."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = dict(settings)
        settings["data_dir"] = str(self.folder / "data")
        settings.setdefault("http", {"address": "127.0.0.1", "port": 0})
        self.config = self.folder / "relance.yaml"
        self.config.write_text(json.dumps(settings, indent=1))
        self.process = None
        self.port = None

    def start(self, wait=True):
        self.port_file().unlink(missing_ok=True)
        self.log = open(self.folder / "daemon.log", "ab")
        self.process = subprocess.Popen([BINARY, "serve", "--config", str(self.config)], stdout=self.log, stderr=self.log)
        if wait:
            self.wait_ready()

    def port_file(self):
        return self.folder / "data" / "http.port"

    def wait_ready(self, seconds=60.0):
        def ready():
            if self.process.poll() is not None:
                raise Failure(f"the daemon ended with {self.process.returncode}: {self.log_tail()}")
            try:
                self.port = int(self.port_file().read_text())
                return self.get("/readyz")[0] == 200
            except (OSError, ValueError, http.client.HTTPException):
                return False
        wait_for("ready daemon", ready, seconds)

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            try:
                connection.request(method, path, body, headers or {})
            except BrokenPipeError:
                pass  # answered before it was all sent: the answer is there to read
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post_events(self, events):
        """All of them durable, repeating while the daemon is at its bound."""
        body = json.dumps(events).encode()
        headers = {"Content-Type": "application/cloudevents-batch+json"}
        def posted():
            status, answer = self.request("POST", "/v1/events", body, headers)
            if status == 202:
                return json.loads(answer)
            if status not in (429, 503):
                raise Failure(f"POST /v1/events answered {status}: {answer[:300]}")
            return None
        return wait_for("acceptance", posted)

    def clock(self):
        status, body = self.get("/readyz")
        return json.loads(body)["now"] if status == 200 else ""

    def ledger(self):
        records, start = [], 0
        while True:
            status, body = self.get(f"/v1/ledger?from={start}&limit=1000")
            if status != 200:
                raise Failure(f"/v1/ledger answered {status}: {body[:300]}")
            lines = body.splitlines()
            if not lines:
                return records
            records += map(json.loads, lines)
            start = records[-1]["seq"] + 1

    def metric(self, name):
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise Failure(f"no metric {name}")

    def stop(self, seconds=60):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.log.close()
        if code != 0:
            raise Failure(f"the daemon stopped with {code}: {self.log_tail()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def log_tail(self):
        return (self.folder / "daemon.log").read_text(errors="replace")[-2000:]


def file_connectors():
    """Every action into a file, completed as the simulator completes it."""
    return {kind: {"type": "file", "concurrency": 16} for kind in ("email", "call", "social", "sms", "task", "escalate")}


def simulate(playbooks, events, until=None):
    """The ledger records of `relance simulate`."""
    command = [BINARY, "simulate", str(playbooks), "--events", str(events)]
    if until:
        command += ["--until", until]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]
