"""What tests start on a port of a sandbox: says what it was asked, now and before, answers what it is told to, and echoes WebSockets."""

import base64
import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

SEEN: list[str] = []
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def body(self):
        """The parts of the body as they come."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                part = self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    return
                yield part
        left = int(self.headers.get("Content-Length", 0))
        while left:
            part = self.rfile.read(min(left, 65536))
            if not part:
                return
            left -= len(part)
            yield part

    def answer(self, body: bytes, status: int = 200, headers=()) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        query = parse_qsl(url.query)
        if url.path.endswith("/seen"):
            self.answer(json.dumps(SEEN).encode(), 200, [("Content-Type", "application/json")])
            return
        SEEN.append(f"{self.command} {url.path}")
        if url.path.endswith("/ws"):
            self.web_socket()
        elif url.path.endswith("/page"):
            self.answer(dict(query)["html"].encode(), 200, [("Content-Type", "text/html")])
        elif url.path.endswith("/headers"):
            headers = [pair.split(":", 1) for name, pair in query if name == "set"]
            self.answer(b"set", int(dict(query).get("status", 200)), headers)
        elif url.path.endswith("/sink"):
            count, digest = 0, hashlib.sha256()
            for part in self.body():
                count += len(part)
                digest.update(part)
            self.answer(json.dumps({"bytes": count, "sha256": digest.hexdigest()}).encode())
        elif url.path.endswith("/zeros"):
            left = int(dict(query)["bytes"])
            self.send_response(200)
            self.send_header("Content-Length", str(left))
            self.end_headers()
            block = bytes(1 << 20)
            while left:
                left -= self.wfile.write(block[: min(left, len(block))])
        elif url.path.endswith("/events"):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.chunk(b"data: one\n\n")
            time.sleep(3600)
        elif url.path.endswith("/cut"):
            self.close_connection = True
        else:
            body = b"".join(self.body())
            told = {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body.decode("latin1")}
            self.answer(json.dumps(told).encode(), 200, [("Content-Type", "application/json")])

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def web_socket(self) -> None:
        accept = base64.b64encode(hashlib.sha1((self.headers["Sec-WebSocket-Key"] + GUID).encode()).digest()).decode()
        self.close_connection = True
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + accept]
        if self.headers.get("Sec-WebSocket-Protocol"):
            lines.append("Sec-WebSocket-Protocol: " + self.headers["Sec-WebSocket-Protocol"].split(",")[0].strip())
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            size = head[1] & 127
            raw = b""
            if size >= 126:
                raw = self.rfile.read(2 if size == 126 else 8)
                size = int.from_bytes(raw, "big")
            mask = self.rfile.read(4)
            data = self.rfile.read(size)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
            self.wfile.write(bytes([head[0], head[1] & 127]) + raw + data)
            if head[0] & 15 == 8:
                return


for method in "GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND".split():
    setattr(App, "do_" + method, App.handle_any)

ThreadingHTTPServer.request_queue_size = 512
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
