"""Seeded random histories of leads: the same seed gives the same events on every machine."""
import datetime
import json
import random

ZONES = ["Europe/Paris", "America/New_York", "Asia/Kolkata", "Europe/London", None]
START = datetime.datetime(2026, 3, 2, 7, 0, tzinfo=datetime.timezone.utc)


def instant(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class History:
    def __init__(self, seed, grid=1):
        """`grid`: everything happens on multiples of so many seconds (a replay commits once per instant)."""
        self.random = random.Random(seed)
        self.grid = grid
        self.events = []

    def add(self, moment, kind, lead, data, key=None):
        event = {"specversion": "1.0", "id": f"e-{len(self.events)}", "source": "crm/test", "type": kind, "subject": lead,
                 "time": instant(moment), "data": data}
        if key:
            event["partitionkey"] = key
        self.events.append((moment, event))

    def moment(self, since, days):
        seconds = self.random.randrange(int(days * 86400))
        return since + datetime.timedelta(seconds=seconds - seconds % self.grid)

    def lead(self, number, days=14.0):
        pick = self.random
        lead, key = f"L-{number}", f"account-{number // 3}"
        born = self.moment(START, days)
        data = {"source": "inbound", "size": "smb", "name": f"Person {number}", "country": "FR", "language": pick.choice(["fr", "en"])}
        if pick.random() < 0.95:
            data["email"] = f"person{number}@lead.example.com"
        if pick.random() < 0.8:
            data["phone"] = f"+3363998{number % 10000:04d}"
        if zone := pick.choice(ZONES):
            data["timezone"] = zone
        self.add(born, "lead.created", lead, data, key)
        for _ in range(pick.choice([0, 0, 1, 1, 2])):
            later = self.moment(born, 12)
            kind, data = pick.choice([
                ("touch.replied", {"channel": "email"}), ("touch.replied", {"channel": "email", "auto": True}),
                ("optout.received", {"intake": "link"}), ("optout.received", {"channel": "email", "intake": "link"}),
                ("meeting.booked", {"meeting": "m"}), ("lead.updated", {"timezone": "Asia/Tokyo"}), ("flag.set", {"flag": "vip"}),
                ("escalation.resolved", {"by": "manager"}), ("page.viewed", {"path": "/pricing"}),
                ("complaint.received", {"channel": "email"}), ("touch.completed", {"channel": "call", "outcome": "connected"})])
            self.add(later, kind, lead, data, key)

    def finish(self, days=40):
        """The events in order of time, the last one long after everything is done."""
        self.add(START + datetime.timedelta(days=days), "page.viewed", "L-clock", {"path": "/"})
        return [event for _, event in sorted(self.events, key=lambda entry: (entry[0], entry[1]["id"]))]


def write_jsonl(path, events):
    with open(path, "w", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps(event) + "\n")
