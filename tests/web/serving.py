"""A folder of pages, served as any web server would; and, in the place of Pyodide, a Python process that its worker is answered by."""

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from minillm.web import save_web

STANDIN = Path(__file__).parent / "standin"
LOCK = {"packages": {"numpy": {"name": "numpy", "file_name": "numpy.whl", "depends": []}}}


def distribution(folder: Path, standin: str) -> Path:
    """What looks like a distribution of Pyodide, with a stand-in."""
    folder.mkdir()
    (folder / "pyodide.mjs").write_bytes((STANDIN / standin).read_bytes())
    (folder / "pyodide-lock.json").write_text(json.dumps(LOCK))
    for name, size in {"pyodide.asm.wasm": 600_000, "python_stdlib.zip": 200_000, "numpy.whl": 300_000}.items():
        (folder / name).write_bytes(bytes(size))
    return folder


class Handler(SimpleHTTPRequestHandler):
    """Files, and the Python behind them: one at a time, the older one is ended."""

    def end_headers(self):
        # Whatever a page or its worker would load from elsewhere fails.
        self.send_header("Content-Security-Policy", "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/unpack":
            zipfile.ZipFile(io.BytesIO(body)).extractall(self.server.work)
            return self.answer(b"")
        order = json.loads(body)
        if "new" in order:
            self.server.start_python()
        python = self.server.python
        with contextlib.suppress(OSError):
            if "next" not in order:
                python.stdin.write(body + b"\n")
                python.stdin.flush()
        line = python.stdout.readline()
        self.answer(line, 200 if line else 500)

    def answer(self, content, status=200):
        with contextlib.suppress(OSError):  # the worker was ended while it waited
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self, folder: Path, work: Path):
        work.mkdir(exist_ok=True)
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.pages, self.work, self.python = folder, work, None
        self.address = f"http://127.0.0.1:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def start_python(self):
        self.end_python()
        environment = {**os.environ, "PYTHONPATH": str(self.work), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.python = subprocess.Popen(
            [sys.executable, STANDIN / "python_side.py"],
            cwd=self.work,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def end_python(self):
        if self.python:
            self.python.kill()
            self.python.wait()
            with contextlib.suppress(OSError):  # it had ended before it read all
                self.python.stdin.close()
            self.python.stdout.close()
            self.python = None

    def close(self):
        self.end_python()
        self.shutdown()
        self.server_close()


def served(folder: Path, language: str = "en") -> Server:
    """The pages with the stand-in for browsers, in a folder that is made."""
    folder.mkdir(exist_ok=True)
    save_web(folder / "pages", pyodide=distribution(folder / "pyodide", "for_browser.mjs"), language=language)
    return Server(folder / "pages", folder / "work")
