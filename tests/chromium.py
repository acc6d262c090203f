"""A real Chromium without a window, for tests of pages: real mouse and keys, and what it says of errors and requests."""

import json
import os
import select
import shutil
import subprocess
import sys
import time

import pytest

PROGRAM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
needs_chromium = pytest.mark.skipif(
    PROGRAM is None or os.name != "posix", reason="there is no Chromium to talk to here"
)

# Chromium reads its orders from descriptor 3 and answers on 4.
START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 103); os.dup2(int(sys.argv[2]), 104); os.dup2(103, 3); os.dup2(104, 4); "
)
START += "os.execv(sys.argv[3], sys.argv[3:])"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-pipe",
]


class Chromium:
    """A browser with one page, driven by the DevTools protocol: JSON messages that end with a zero byte."""

    def __init__(self, profile):
        orders, self.orders = os.pipe()
        self.answers, answers = os.pipe()
        command = [
            sys.executable,
            "-c",
            START,
            str(orders),
            str(answers),
            PROGRAM,
            *FLAGS,
            f"--user-data-dir={profile}",
        ]
        self.process = subprocess.Popen(command, pass_fds=(orders, answers), stdout=-3, stderr=-3)
        os.close(orders)
        os.close(answers)
        self.buffer, self.number, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.number += 1
        order = {"id": self.number, "method": method, "params": parameters}
        order |= {"sessionId": self.session} if self.session else {}
        os.write(self.orders, json.dumps(order).encode() + b"\0")
        answer = self.read(lambda message: message.get("id") == self.number)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def read(self, is_it):
        """The first message that is it; those before it are kept as events."""
        end = time.monotonic() + 30
        while True:
            while b"\0" in self.buffer:
                message, self.buffer = self.buffer.split(b"\0", 1)
                message = json.loads(message)
                if is_it(message):
                    return message
                self.events.append(message)
            assert select.select([self.answers], [], [], max(0, end - time.monotonic()))[0], "Chromium does not answer"
            read = os.read(self.answers, 1 << 20)
            assert read, "Chromium has ended"
            self.buffer += read

    def open(self, path, width=1200, height=900, dark=False):
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.mouse(0, 0)
        self.call("Page.navigate", url=path if isinstance(path, str) else path.as_uri())
        self.read(lambda message: message.get("method") == "Page.loadEventFired")

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition, seconds=30):
        """Until a condition holds."""
        end = time.monotonic() + seconds
        while not self.run(f"!!({condition})"):
            assert time.monotonic() < end, condition
            time.sleep(0.02)

    def centre(self, what, x=0.5, y=0.5):
        return self.run(
            f"(() => {{ const e = {what}; e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f"return [b.left + {x} * b.width, b.top + {y} * b.height] }})()"
        )

    def mouse(self, x, y, kind="mouseMoved", **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def hover(self, what, x=0.5, y=0.5):
        self.mouse(*self.centre(what, x, y))

    def click(self, what, times=1):
        place = self.centre(what)
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                self.mouse(*place, kind, button="left", clickCount=count)

    def press(self, *keys):
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            code = {"Tab": 9, "Enter": 13}.get(key, 0)
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def trouble(self, *homes):
        """Errors in the console, and requests for anything but the page itself and what begins with one of `homes`."""
        wrong = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        asked = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [e for e in self.events if e.get("method") in wrong] + [
            u for u in asked[1:] if not u.startswith(("data:", *homes))
        ]

    def close(self):
        self.session = None
        self.call("Browser.close")
        self.process.wait(30)
        os.close(self.orders)
        os.close(self.answers)
