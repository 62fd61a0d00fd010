"""A real Kafka broker of a test, by tests/support/kafka_broker, and Kafka's own console tools."""
import json
import pathlib
import subprocess

from relance_daemon import run

SUPPORT = pathlib.Path(__file__).resolve().parent
TOPICS = {"relance.events": 1, "relance.actions": 1, "relance.ledger": 1, "relance.dead-letters": 1}


class Broker:
    def __init__(self, folder):
        self.folder = folder
        self.tool = SUPPORT / "kafka_broker"

    def start(self):
        self.address = run(self.tool, "start", self.folder, "0").splitlines()[-1]

    def stop(self):
        run(self.tool, "stop", self.folder)

    def kill(self):
        subprocess.run([self.tool, "kill", self.folder], capture_output=True)

    def create_topics(self):
        for name, partitions in TOPICS.items():
            run(self.tool, "topic", self.folder, name, partitions)

    def produce(self, events):
        lines = "".join(f"{event.get('partitionkey', event['subject'])}\t{json.dumps(event)}\n" for event in events)
        run(self.tool, "tool", self.folder, "kafka.tools.ConsoleProducer", "--bootstrap-server", self.address, "--topic",
            "relance.events", "--property", "parse.key=true", "--property", "key.separator=\t", input=lines)

    def consume(self, topic, count):
        text = run(self.tool, "tool", self.folder, "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server",
                   self.address, "--topic", topic, "--from-beginning", "--max-messages", count, "--timeout-ms", "60000")
        return text.splitlines()
