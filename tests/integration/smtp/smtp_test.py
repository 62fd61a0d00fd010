#!/usr/bin/env python3
"""The email connector against mail software that is not ours: Python's email package reads its messages, Exim takes
them, and a scripted server breaks the dialogue where Exim would not.

  smtp_test.py SEND_MAIL SMTP_SERVER [unittest arguments]     (both are paths; needs exim4-daemon-light and openssl)
"""
import base64
import email
import email.header
import email.policy
import email.utils
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SEND_MAIL, SMTP_SERVER = sys.argv[1:3]
SEED = int(os.environ.get("RELANCE_SEED", "20260302"))
DEADLINE_SECONDS = 30

NAMES = ["Ada Martin", "Zoë Müller", "Łukasz Żółć", "Ngũgĩ wa Thiong'o", "王小明", "山田 太郎", "김철수", "משה כהן", "محمد علي",
         "Ωμέγα Ψ", "Дмитрий Ёлкин", "สมชาย", "Ñandú \"El\" O'Brien, Jr.", "👩‍💻 Dev 🚀", "\u202eRTL override", "e\u0301 combining",
         "=?UTF-8?Q?not_encoded?=", "a@b.example", "(comment) <angle>", "back\\slash", "Ｆｕｌｌｗｉｄｔｈ", "x" * 300, "é" * 300]
SUBJECTS = ["Hello", "Votre question de ce matin : où en êtes-vous ?", "日本語の件名" * 20, "🎉" * 60, "a" * 200, "word " * 80 + "end",
            "مرحبا بالعالم " * 10, "tail blank ", " lead blank", "two  blanks", "=?utf-8?b?QQ==?=", "50 % off = 5_5?", "ǆ" * 100]
BODIES = ["Hello\n", "", "é\n" * 50, "From here\n.\n..dots\n.end\n", "x" * 5000 + "\n", "日本語" * 500, "trailing \t\nblank \n",
          "\n\n\n", "😀" * 300 + "\nlast", "CR only\rCRLF\r\nLF\n", "--=_relance_x\n=_\n", "control \x01 \x7f\n"]


def action(number, **data):
    fields = {"lead": f"L-{number}", "attempt": 1, "due": "2026-03-02T08:10:00.000Z", "not_after": "2026-03-03T08:10:00.000Z",
              "contact_point": f"p{number}@example.com", "name": "Ada Martin", "subject": "Hello", "body": "Hello Ada\n",
              "html": "", "language": "fr", "unsubscribe_url": "https://relance.example/u/abc"}
    fields.update(data)
    return {"specversion": "1.0", "id": f"{number:032x}", "source": "relance", "type": "relance.action.email",
            "subject": fields["lead"], "time": "2026-03-02T08:10:00.000Z", "data": fields}


def run(arguments, actions, **environment):
    lines = "".join(json.dumps(one) + "\n" for one in actions)
    done = subprocess.run([SEND_MAIL, *arguments], input=lines.encode(), stdout=subprocess.PIPE, check=True,
                          timeout=300, env={**os.environ, **environment})
    return done.stdout.decode().splitlines()


def build(actions):
    return [base64.b64decode(line) for line in run(["mime"], actions)]


class Result:
    def __init__(self, line):
        self.kind, self.outcome, self.bounce, self.provider_id, self.reason = line.split("\t")


def send(port, actions, tls="none", ca="-", user="-", timeout=20000, threads=1, host="127.0.0.1", **environment):
    arguments = ["send", host, str(port), tls, str(ca), user, str(timeout), str(threads)]
    return [Result(line) for line in run(arguments, actions, **environment)]


def random_text(generator, length, extra=""):
    ranges = [(0x20, 0x7E), (0x20, 0x7E), (0xA1, 0x24F), (0x370, 0x5FF), (0x600, 0x6FF), (0x3041, 0x30FF), (0x4E00, 0x9FFF),
              (0xAC00, 0xD7A3), (0x1F300, 0x1FAFF), (0x10000, 0x10FFFD)]
    text = "".join(chr(generator.randint(*generator.choice(ranges))) if not extra or generator.random() < 0.9
                   else generator.choice(extra) for _ in range(generator.randint(0, length)))
    return text


def decoded(value):
    return str(email.header.make_header(email.header.decode_header(value)))


def unfolded(message, name):
    """The raw header: its line breaks removed, as RFC 5322 unfolds it."""
    parsed = email.message_from_bytes(message, policy=email.policy.compat32)
    return parsed[name].replace("\r\n", "").replace("\n", "")


def same_lines(text):
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


class Messages(unittest.TestCase):
    def check_message(self, sent, message):
        data = sent["data"]
        head = message.split(b"\r\n\r\n", 1)[0]
        for line in message.split(b"\r\n"):
            self.assertLessEqual(len(line), 78)
            self.assertNotIn(b"\n", line)
            self.assertNotIn(b"\r", line)
        self.assertTrue(head.isascii())
        self.assertEqual(decoded(unfolded(message, "Subject")), data["subject"])
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        self.assertEqual(parsed.defects, [])
        self.assertEqual(len(parsed["To"].addresses), 1)
        self.assertEqual(parsed["To"].addresses[0].addr_spec, data["contact_point"])
        name, address = email.utils.parseaddr(unfolded(message, "To"))
        self.assertEqual(address, data["contact_point"])
        self.assertEqual(decoded(name), data["name"])
        parts = [part for part in parsed.walk() if not part.is_multipart()]
        expected = [("text/plain", data["body"])] + ([("text/html", data["html"])] if data["html"] else [])
        self.assertEqual(len(parts), len(expected))
        for part, (media_type, text) in zip(parts, expected):
            self.assertEqual(part.get_content_type(), media_type)
            content = part.get_payload(decode=True).decode("utf-8").replace("\r\n", "\n")
            self.assertEqual(content, same_lines(text))

    def test_names_subjects_and_bodies_of_many_scripts_read_back(self):
        sent = []
        for index in range(max(len(NAMES), len(SUBJECTS), len(BODIES)) * 3):
            sent.append(action(index, name=NAMES[index % len(NAMES)], subject=SUBJECTS[index % len(SUBJECTS)],
                               body=BODIES[index % len(BODIES)], html=["", "<p>é</p>", BODIES[(index * 7) % len(BODIES)]][index % 3]))
        for one, message in zip(sent, build(sent), strict=True):
            with self.subTest(id=one["id"]):
                self.check_message(one, message)

    def test_any_unicode_reads_back(self):
        generator = random.Random(SEED)
        sent = [action(number, name=random_text(generator, 80, ' "\\=?_.,<>@'), subject=random_text(generator, 200, " =?_"),
                       body=random_text(generator, 2000, "\n\r\t .=\x00\x0b"), html=random_text(generator, 400, "\n<>"))
                for number in range(400)]
        for one, message in zip(sent, build(sent), strict=True):
            with self.subTest(seed=SEED, id=one["id"]):
                self.check_message(one, message)

    def test_headers_say_what_mailbox_providers_ask_for(self):
        message = email.message_from_bytes(build([action(7)])[0], policy=email.policy.default)
        self.assertEqual(message["Message-ID"], f"<{7:032x}@relance.example>")
        self.assertEqual(message["X-Relance-Action"], f"{7:032x}")
        self.assertEqual(message["List-Unsubscribe"], "<https://relance.example/u/abc>")
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertEqual(message["Date"].datetime.isoformat(), "2026-03-02T08:10:00+00:00")
        self.assertEqual(message["Content-Language"], "fr")
        self.assertEqual(message["From"].addresses[0].display_name, "Zoë from Relance")
        self.assertEqual(message["Reply-To"].addresses[0].addr_spec, "answers@relance.example")
        self.assertNotIn("Auto-Submitted", message)

    def test_every_attempt_has_the_same_bytes(self):
        sent = [action(1, html="<p>x</p>", name=NAMES[1])]
        self.assertEqual(build(sent), build(sent))

    def test_a_header_injection_is_refused(self):
        lines = run(["mime"], [action(1, name="Name\r\nBcc: v@example.com"), action(2, subject="a\nb"), action(3, contact_point="a\0@b.example")])
        self.assertEqual(lines, ["refused header_injection name", "refused header_injection subject",
                                 "refused header_injection contact_point"])


class Exim:
    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="relance-smtp-test-"))
        started = subprocess.run([SMTP_SERVER, "start", self.folder, *options], check=True, stdout=subprocess.PIPE, text=True)
        self.port = int(started.stdout)
        self.tls_port = int((self.folder / "tls_port").read_text())
        self.ca = self.folder / "ca.pem"

    def stop(self):
        subprocess.run([SMTP_SERVER, "stop", self.folder], check=True)
        shutil.rmtree(self.folder)

    def ask(self, what):
        return subprocess.run([SMTP_SERVER, what, self.folder], check=True, stdout=subprocess.PIPE, text=True).stdout.split()

    def ids(self, expected):
        """Delivery follows the answer: waits until as many mails as expected are delivered. Until then Exim's own header
        files are listed, for an instant beside the mails that were made of them."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            files = self.ask("list")
            if len(files) >= expected and not any(file.endswith("-H") for file in files):
                break
            time.sleep(0.05)
        return self.ask("ids")

    def mails(self):
        return [pathlib.Path(file).read_bytes() for file in self.ask("list")]

    def log(self):
        return (self.folder / "log" / "main").read_text()


class ServerCase(unittest.TestCase):
    options = ()

    def setUp(self):
        self.server = Exim(*self.options)
        self.addCleanup(self.server.stop)

    def send(self, *actions, **options):
        return send(self.server.port, actions, **options)


class DeliveryTest(ServerCase):
    def test_a_mail_arrives_as_it_was_sent(self):
        sent = action(1, name=NAMES[1], subject=SUBJECTS[1], body="Bonjour Zoë,\n.\n..\n.dot\n", html="<p>é</p>\n")
        [result] = self.send(sent)
        self.assertEqual((result.kind, result.outcome), ("accepted", "sent"))
        self.assertEqual(self.server.ids(1), [sent["id"]])
        [mail] = self.server.mails()
        parsed = email.message_from_bytes(mail, policy=email.policy.default)
        self.assertEqual(parsed["Subject"], SUBJECTS[1])
        self.assertEqual(parsed.get_body(("plain",)).get_content(), "Bonjour Zoë,\n.\n..\n.dot\n")
        self.assertEqual(parsed.get_body(("html",)).get_content(), "<p>é</p>\n")
        self.assertIn(result.provider_id, self.server.log())
        self.assertNotEqual(result.provider_id, "")

    def test_a_connection_is_reused(self):
        results = self.send(*[action(number) for number in range(20)])
        self.assertEqual({result.kind for result in results}, {"accepted"})
        self.assertEqual(len(self.server.ids(20)), 20)
        self.assertEqual(self.server.log().count("(TCP/IP connection count"), 2)  # one of them asked whether it listens

    def test_mails_of_several_threads_arrive_once_each(self):
        results = self.send(*[action(number) for number in range(60)], threads=4)
        self.assertEqual({result.kind for result in results}, {"accepted"})
        self.assertEqual(self.server.ids(60), [f"{number:032x}" for number in range(60)])

    def test_refusals_are_told_apart(self):
        cases = {"unknown-1": ("rejected", "hard", "smtp 550 5.1.1 at RCPT"), "bare-1": ("rejected", "hard", "smtp 550 at RCPT"),
                 "policy-1": ("rejected", "", "smtp 550 5.7.1 at RCPT"), "full-1": ("rejected", "soft", "smtp 552 5.2.2 at RCPT"),
                 "greylisted-1": ("retry", "", "smtp 451 4.7.1 at RCPT"), "fine-1": ("accepted", "", "")}
        sent = [action(number, contact_point=f"{local}@example.com") for number, local in enumerate(cases)]
        for (local, expected), result in zip(cases.items(), self.send(*sent), strict=True):
            with self.subTest(local):
                self.assertEqual((result.kind, result.bounce, result.reason), expected)
        self.assertEqual(self.server.ids(1), [sent[-1]["id"]])

    def test_a_refused_sender_and_a_refused_content_bounce_nobody(self):
        [sender] = self.send(action(1), SENDER="refused@relance.example")
        self.assertEqual((sender.kind, sender.bounce, sender.reason), ("rejected", "", "smtp 550 5.7.1 at MAIL"))
        [content] = self.send(action(2, subject="REFUSED"))
        self.assertEqual((content.kind, content.bounce, content.reason), ("rejected", "", "smtp 550 5.6.0 at end of data"))
        self.assertEqual(self.server.ids(0), [])

    def test_starttls_checks_the_certificate(self):
        [trusted] = self.send(action(1), tls="starttls", ca=self.server.ca, host="localhost")
        self.assertEqual(trusted.kind, "accepted", trusted.reason)
        self.assertIn("P=esmtps", self.server.log())
        [stranger] = self.send(action(2), tls="starttls")
        self.assertEqual((stranger.kind, stranger.reason), ("retry", "smtp certificate not trusted at connect"))
        self.assertEqual(self.server.ids(1), [f"{1:032x}"])

    def test_tls_from_the_first_byte(self):
        [result] = send(self.server.tls_port, [action(1)], tls="tls", ca=self.server.ca)
        self.assertEqual(result.kind, "accepted", result.reason)

    def test_addresses_beyond_ascii_arrive(self):
        results = self.send(action(1, contact_point="zoë@example.com"), action(2, contact_point="ada@bücher.example"), action(3))
        self.assertEqual([result.kind for result in results], ["accepted"] * 3, [result.reason for result in results])
        self.server.ids(3)
        self.assertIn("xn--bcher-kva.example", self.server.log())
        self.assertTrue(any("To: Ada Martin <zoë@example.com>".encode() in mail for mail in self.server.mails()))

    def test_a_large_mail_arrives_whole(self):
        sent = action(1, body="line of text\n" * 20000)
        [result] = self.send(sent)
        self.assertEqual(result.kind, "accepted", result.reason)
        self.server.ids(1)
        self.assertEqual(self.server.mails()[0].count(b"line of text\n"), 20000)


class AuthenticationTest(ServerCase):
    options = ("--require-auth",)

    def test_the_password_opens_the_door(self):
        secure = {"tls": "starttls", "ca": self.server.ca, "host": "localhost"}
        [right] = self.send(action(1), user="relance", SMTP_PASSWORD="correct horse", **secure)
        self.assertEqual(right.kind, "accepted", right.reason)
        self.assertIn("A=plain:relance", self.server.log())
        [wrong] = self.send(action(2), user="relance", SMTP_PASSWORD="wrong", **secure)
        self.assertEqual((wrong.kind, wrong.bounce), ("retry", ""))
        self.assertIn("535", wrong.reason)
        [nobody] = self.send(action(3), **secure)
        self.assertEqual((nobody.kind, nobody.reason.split(" at ")[0]), ("retry", "smtp 530 5.7.0"))


class WithoutSmtputf8Test(ServerCase):
    options = ("--no-smtputf8",)

    def test_an_address_that_needs_it_is_refused_before_anything_is_said(self):
        first, utf8, last = self.send(action(1), action(2, contact_point="zoë@example.com"), action(3))
        self.assertEqual([first.kind, last.kind], ["accepted"] * 2)
        self.assertEqual((utf8.kind, utf8.bounce), ("rejected", ""))
        self.assertIn("SMTPUTF8", utf8.reason)
        [secure] = self.send(action(4, contact_point="zoë@example.com"), tls="starttls", ca=self.server.ca, host="localhost")
        self.assertIn("SMTPUTF8", secure.reason)


class ScriptedServer:
    """Answers each command from `script` ({"RCPT": b"..."}); None as an answer closes the connection, ... stays silent."""

    def __init__(self, script):
        self.script = {"": b"220 scripted\r\n", "EHLO": b"250 scripted\r\n", "MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n",
                       "DATA": b"354 go\r\n", ".": b"250 2.0.0 Ok: queued as AB12\r\n", "QUIT": b"221 bye\r\n", **script}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.received = b""
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            try:
                self.talk(connection, connection.makefile("rb"))
            except OSError:
                pass

    def answer(self, connection, name):
        reply = self.script[name]
        if reply is None:
            connection.shutdown(socket.SHUT_RDWR)
            return False
        if reply is not ...:
            connection.sendall(reply)
        return reply is not ...

    def talk(self, connection, stream):
        if not self.answer(connection, ""):
            return
        while line := stream.readline():
            name = line[:4].decode().upper()
            if not self.answer(connection, name):
                return
            if name == "DATA" and self.script["DATA"].startswith(b"354"):
                if self.script.get("mid data"):
                    stream.read(1000)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    connection.close()
                    stream.close()
                    return
                while (line := stream.readline()) not in (b".\r\n", b""):
                    self.received += line
                if not self.answer(connection, "."):
                    return

    def close(self):
        self.listener.close()
        for connection in self.open:
            connection.close()


class BrokenDialogueTest(unittest.TestCase):
    def result(self, script, timeout=20000, **data):
        server = ScriptedServer(script)
        self.addCleanup(server.close)
        [result] = send(server.port, [action(1, **data)], timeout=timeout)
        return result.kind, result.reason

    def test_silence_or_loss_after_the_final_dot_leaves_the_outcome_unknown(self):
        self.assertEqual(self.result({".": None}), ("outcome_unknown", "smtp connection lost at end of data"))
        self.assertEqual(self.result({".": ...}, timeout=1500), ("outcome_unknown", "smtp timeout at end of data"))

    def test_before_the_final_dot_nothing_has_happened(self):
        self.assertEqual(self.result({"": None})[0], "retry")
        self.assertEqual(self.result({"": ...}, timeout=1500), ("retry", "smtp timeout at connect"))
        self.assertEqual(self.result({"MAIL": None}), ("retry", "smtp connection lost at MAIL"))
        self.assertEqual(self.result({"RCPT": ...}, timeout=1500), ("retry", "smtp timeout at RCPT"))
        self.assertEqual(self.result({"DATA": None}), ("retry", "smtp connection lost at DATA"))
        self.assertEqual(self.result({"mid data": True}, body="x" * 4_000_000), ("retry", "smtp connection lost at DATA"))

    def test_an_answer_to_the_final_dot_is_believed(self):
        self.assertEqual(self.result({".": b"451 4.3.0 later\r\n"}), ("retry", "smtp 451 4.3.0 at end of data"))
        self.assertEqual(self.result({".": b"554-5.7.1 no\r\n554 5.7.1 never\r\n"}), ("rejected", "smtp 554 5.7.1 at end of data"))
        self.assertEqual(self.result({".": b"421 4.3.2 closing\r\n"}), ("retry", "smtp 421 4.3.2 at end of data"))

    def test_refusals_by_command(self):
        self.assertEqual(self.result({"": b"554 no\r\n"}), ("retry", "smtp 554 at connect"))
        self.assertEqual(self.result({"DATA": b"554 5.5.1 no\r\n"}), ("rejected", "smtp 554 5.5.1 at DATA"))
        self.assertEqual(self.result({"MAIL": b"452 full\r\n"}), ("retry", "smtp 452 at MAIL"))

    def test_a_server_that_never_says_goodbye_holds_nobody_up(self):
        began = time.monotonic()
        self.assertEqual(self.result({"QUIT": ...})[0], "accepted")
        self.assertEqual(self.result({"RCPT": b"550 5.1.1 no\r\n", "QUIT": ...})[0], "rejected")
        self.assertLess(time.monotonic() - began, DEADLINE_SECONDS)

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        [result] = send(port, [action(1)])
        self.assertEqual((result.kind, result.reason), ("retry", "smtp connection refused at connect"))

    def test_a_server_without_starttls_is_told_nothing(self):
        server = ScriptedServer({})
        self.addCleanup(server.close)
        [result] = send(server.port, [action(1)], tls="starttls")
        self.assertEqual((result.kind, result.reason), ("retry", "smtp server offers no STARTTLS at connect"))
        self.assertEqual(server.received, b"")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
